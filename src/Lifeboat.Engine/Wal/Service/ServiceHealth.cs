namespace Lifeboat.Engine.Wal.Service;

/// <summary>A failure that a service met and goes on from.</summary>
/// <param name="Subject">The WAL file; empty when it was not about one.</param>
public sealed record ServiceError(string Subject, string Message, DateTimeOffset At);

/// <summary>How pushing ahead stands.</summary>
/// <param name="Ready">WAL files that the server has not marked as archived.</param>
/// <param name="OldestReady">The name of the one that waits longest; null when none waits.</param>
/// <param name="OldestReadySeconds">How long it has waited.</param>
/// <param name="Acknowledged">Of them, those that are durable and shown as such.</param>
/// <param name="UnderWay">Those that are being pushed now.</param>
/// <param name="Pushed">Since the session began.</param>
/// <param name="Failing">Whether the last attempt failed.</param>
/// <param name="LastError">The last failure of the session.</param>
public sealed record PushHealth(
    int Ready,
    string? OldestReady,
    double? OldestReadySeconds,
    int Acknowledged,
    int UnderWay,
    long Pushed,
    string? LastPushed,
    DateTimeOffset? LastPushedAt,
    bool Failing,
    double? RetryInSeconds,
    ServiceError? LastError);

/// <summary>How fetching ahead stands.</summary>
/// <param name="Next">The segment that recovery is expected to ask for; null while none recovers.</param>
/// <param name="Spooled">Segments that lie ready.</param>
/// <param name="SpooledBytes">Of them.</param>
/// <param name="LimitBytes">That they may have, with those under way.</param>
/// <param name="Fetched">Since the session began.</param>
public sealed record FetchHealth(
    string? Next,
    int Spooled,
    long SpooledBytes,
    long LimitBytes,
    int UnderWay,
    long Fetched,
    bool Failing,
    ServiceError? LastError);
