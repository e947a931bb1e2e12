namespace Lifeboat.Platform.Errors;

/// <summary>
/// An error as data. Every part is one sentence fragment for a person; none of them ever holds a secret.
/// </summary>
/// <param name="Code">What kind of failure; decides the exit code.</param>
/// <param name="Operation">What was being done: "back up cluster main".</param>
/// <param name="Subject">The object it was done to: a path, an object name, a segment; empty when there is none.</param>
/// <param name="Cause">Why it failed.</param>
/// <param name="Transient">Whether the same call may succeed later without anybody changing anything.</param>
/// <param name="Hint">What to do next; never empty where a person can do something.</param>
public sealed record Failure(
    ErrorCode Code,
    string Operation,
    string Subject,
    string Cause,
    bool Transient = false,
    string Hint = "")
{
    /// <summary>The failure in one line, without the hint: <c>operation: subject: cause</c>.</summary>
    public override string ToString() =>
        Subject.Length == 0 ? $"{Operation}: {Cause}" : $"{Operation}: {Subject}: {Cause}";
}
