namespace Lifeboat.Storage.Retry;

/// <summary>How far a listing has been given out, so that a repeated one goes on there.</summary>
internal sealed class ListingPosition
{
    private readonly HashSet<string> _versionsOfLast = new(StringComparer.Ordinal);
    private ObjectName? _last;

    /// <summary>Whether this one was not given yet; then it now is. Names come in ordinal order in every repetition.</summary>
    internal bool Advance(ObjectFacts facts)
    {
        var order = _last is { } last ? facts.Name.CompareTo(last) : 1;
        if (order > 0)
        {
            _last = facts.Name;
            _versionsOfLast.Clear();
        }

        return order >= 0 && _versionsOfLast.Add(facts.Version ?? "");
    }
}
