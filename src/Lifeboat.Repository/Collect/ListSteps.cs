using System.Globalization;

namespace Lifeboat.Repository.Collect;

/// <summary>How far each published list may go now, as far as time and leases tell.</summary>
internal sealed class ListSteps
{
    private readonly CollectionTimes _times;
    private readonly List<CollectionStep> _clear = [];
    private readonly List<CondemnedList> _sweep = [];
    private readonly List<CollectionStep> _waits = [];

    internal ListSteps(CollectionTimes times, CondemnedLists lists)
    {
        _times = times;
        var swept = lists.Lists.Where(list => !list.IsOpen).Select(list => list.Id).ToHashSet();
        foreach (var list in lists.Lists.Where(list => list.IsOpen))
        {
            if (list.Cleared is not { } cleared)
            {
                if (Passed(list, list.Put, list.Record.At, "published") && LeasesHaveEnded(list))
                {
                    _clear.Add(Step(list, null, ""));
                }
            }
            else if (list.Record.After.All(swept.Contains) is false)
            {
                _waits.Add(Step(list, null, "what needed it goes first"));
            }
            else if (Passed(list, list.ClearedAt, cleared.At, "cleared") && LeasesHaveEnded(list))
            {
                _sweep.Add(list);
                swept.Add(list.Id);
            }
        }

        Waiting = CondemnedLists.NamesOf(lists.Lists.Where(list => list.IsOpen).Except(_sweep));
    }

    internal IReadOnlyList<CollectionStep> Clear => _clear;

    internal IReadOnlyList<CondemnedList> Sweep => _sweep;

    internal IReadOnlyList<CollectionStep> Waits => _waits;

    /// <summary>Names that are condemned and of which nothing is decided now.</summary>
    internal IReadOnlySet<string> Waiting { get; }

    internal static CollectionStep Doubtful(CondemnedList list) => Step(list, null, "something cannot be read");

    private bool Passed(CondemnedList list, DateTimeOffset put, DateTimeOffset at, string what)
    {
        if (_times.Clock.IsOlder(put, at, _times.Margins.Settle))
        {
            return true;
        }

        _waits.Add(Step(
            list,
            _times.Clock.OldAt(put, at, _times.Margins.Settle),
            $"it was {what} less than {_times.Margins.Settle.TotalMinutes:0} minutes ago"));
        return false;
    }

    /// <summary>Of all who may have begun before they could see the list.</summary>
    private bool LeasesHaveEnded(CondemnedList list)
    {
        var older = _times.Living.Where(lease => lease.Began <= list.Put + _times.Margins.Settle).ToList();
        if (older.Count > 0)
        {
            var first = older.Min(lease => lease.Began).UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
            _waits.Add(Step(
                list,
                null,
                $"{older.Count} that began before it {(older.Count == 1 ? "is" : "are")} at work (the first since {first} UTC)"));
        }

        return older.Count == 0;
    }

    private static CollectionStep Step(CondemnedList list, DateTimeOffset? at, string why) => new(
        list.Id, list.Record.Objects.Length, list.Record.Objects.Sum(item => item.Bytes), at, why);
}
