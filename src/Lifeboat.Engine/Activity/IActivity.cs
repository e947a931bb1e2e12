namespace Lifeboat.Engine.Activity;

/// <summary>
/// What a long operation tells the person who started it. Implementations may be called from any thread and must not
/// throw; nothing that is told here is needed for the operation to be right.
/// </summary>
public interface IActivity
{
    /// <summary>One line of what happens now.</summary>
    void Say(string line);

    /// <summary>One line that a person should read even when all went well.</summary>
    void Warn(string line);

    /// <summary>How far the current phase is, in bytes. Called often; a display thins it out.</summary>
    /// <param name="total">0 when it is not known.</param>
    void Progress(string phase, long done, long total);
}
