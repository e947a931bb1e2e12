namespace Lifeboat.Engine.Wal.Service;

/// <summary>
/// Something that a service does beside pushing and fetching ahead, for as long as a session lasts.
/// </summary>
public interface IServiceDuty
{
    /// <summary>One word, by which health names it.</summary>
    string Name { get; }

    /// <summary>
    /// Works until it is to stop, and ends what is under way first. An exception is reported, and the duty is begun again
    /// after a pause.
    /// </summary>
    Task RunAsync(CancellationToken stop);

    /// <summary>What health says of it, by names in camel case. Called at any moment, by any thread.</summary>
    IReadOnlyDictionary<string, string> Health();
}
