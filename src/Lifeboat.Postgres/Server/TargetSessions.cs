using Lifeboat.Platform.Errors;

namespace Lifeboat.Postgres.Server;

/// <summary>How an address is chosen among several, as libpq's target_session_attrs has it.</summary>
internal static class TargetSessions
{
    /// <summary>
    /// Connects to the first address that answers and is of the kind asked for. When none is, the failure is that of the
    /// last one that was tried; any failure but ServerUnavailable ends the search, as in libpq.
    /// </summary>
    /// <param name="connect">
    /// Connects to one address, of the kind that is wanted in this pass; else ServerUnavailable
    /// (<see cref="Unsuitable"/>).
    /// </param>
    internal static async Task<T> FirstAsync<T>(
        ConnInfo connInfo, Func<ConnectionCandidate, TargetSession, Task<T>> connect)
    {
        var passes = connInfo.TargetSession == TargetSession.PreferStandby
            ? new[] { TargetSession.Standby, TargetSession.Any }
            : [connInfo.TargetSession];
        LifeboatException? last = null;
        foreach (var wanted in passes)
        {
            foreach (var candidate in connInfo.Candidates())
            {
                try
                {
                    return await connect(candidate, wanted);
                }
                catch (LifeboatException error) when (error.Code == ErrorCode.ServerUnavailable)
                {
                    last = error;
                }
            }
        }

        throw last!;
    }

    /// <param name="recovers">The server is in recovery.</param>
    internal static bool Admits(this TargetSession wanted, bool readOnly, bool recovers) => wanted switch
    {
        TargetSession.Any => true,
        TargetSession.ReadWrite => !readOnly && !recovers,
        TargetSession.ReadOnly => readOnly || recovers,
        TargetSession.Primary => !recovers,
        _ => recovers,
    };

    internal static LifeboatException Unsuitable(TargetSession wanted, string operation, string subject) =>
        new(new Failure(
            ErrorCode.ServerUnavailable,
            operation,
            subject,
            $"the server is not what target_session_attrs asks for ({wanted})",
            Transient: true,
            "Give the address of such a server, or target_session_attrs=any."));
}
