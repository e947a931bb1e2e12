using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Testing;
using Lifeboat.Testing.Files;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Faults;

/// <summary>
/// Nth-fault loops: the operation is run once to count what it does, then with the fault at 1, 2, … (a sample of them,
/// or every one with <c>LIFEBOAT_TEST_ALL=1</c>).
/// </summary>
internal static class FaultMatrix
{
    /// <summary>
    /// Beyond what was counted, since threads may order and repeat things differently from run to run.
    /// </summary>
    private const int Beyond = 3;

    internal static IEnumerable<string> Operations => FaultedOperation.All.Keys;

    /// <summary>A fault of the store's answer.</summary>
    /// <param name="isDistant">Whether the store says that it is, so that what is read is asked for ahead.</param>
    internal static Task OfStoreAsync(string operation, StoreFault fault, int count, bool isDistant = false) => LoopAsync(
        $"{operation}, {(isDistant ? "distant " : "")}store, {fault.Kind}, {(fault.ForGood ? "for good" : "once")}",
        operation,
        count,
        code => code == ErrorCode.StoreUnavailable
            || (fault.Kind == StoreFaultKind.CutRead && code is ErrorCode.Damaged or ErrorCode.TargetUnreachable),
        at =>
        {
            FaultyStore? counted = null;
            var total = 0L;
            return (
                new FaultedWays(
                    PosixFileSystem.Instance,
                    store =>
                    {
                        // Each process of the operation opens the store anew; the count goes on.
                        total += counted?.Count ?? 0;
                        counted = new FaultyStore(store, at is null ? null : fault with { At = at.Value - total })
                        {
                            IsDistant = isDistant,
                        };
                        return counted;
                    }),
                () => total + (counted?.Count ?? 0),
                () => counted?.Trace.FirstOrDefault(line => line.EndsWith(" FAILS", StringComparison.Ordinal)));
        });

    /// <summary>A fault of the file system below the repository and of the server's host.</summary>
    internal static Task OfFilesAsync(string operation, FileFault fault, int count) => LoopAsync(
        $"{operation}, files, {fault.Errno}, {fault.Moment}, {(fault.ForGood ? "for good" : "once")}",
        operation,
        count,
        code => code == (fault.Errno == Errno.NoSpace ? ErrorCode.NoSpace : ErrorCode.StoreUnavailable),
        at => Through(new FaultyFileSystem(
            PosixFileSystem.Instance, at is null ? null : fault with { At = at.Value })));

    /// <summary>The power goes at an operation.</summary>
    /// <param name="repeated">Only the process dies there; the next run goes well, and then the power goes.</param>
    internal static Task OfPowerAsync(
        string operation,
        UnsyncedLoss loss,
        bool repeated,
        int count,
        Func<FileOperation, string, bool>? concerns = null)
    {
        var name = $"{operation}, power, {loss}, {(repeated ? "repeated" : "at once")}";
        return Sample.SeededAsync(async () =>
        {
            var never = new FileFault(long.MaxValue, Errno.Io, Concerns: concerns);
            var total = await CountAsync(
                operation, at => Through(new FaultyFileSystem(PosixFileSystem.Instance, never)));
            foreach (var at in Sample.Of(name, count, Enumerable.Range(1, total + 1)))
            {
                using var subject = FaultedOperation.All[operation]();
                await subject.PrepareAsync();
                var disk = new UnsyncedLossFileSystem(PosixFileSystem.Instance, subject.World.Disk);
                var moment = concerns is not null || at % 2 == 0 ? FaultMoment.Before : FaultMoment.After;
                var files = new FaultyFileSystem(disk, new FileFault(at, Errno.Io, ForGood: true, moment, concerns));
                var message = $"{name}, operation {at}, {moment}";
                var failure = await FaultAttempt.RunAsync(
                    message, token => subject.RunAsync(FaultedWays.Through(files), token));
                message += $": {FirstFault(files)}";
                if (repeated)
                {
                    failure = await FaultAttempt.RunAsync(
                        message, token => subject.RunAsync(FaultedWays.Through(disk), token));
                    Assert.True(failure is null || subject.MayRefuseAgain(failure), $"{message}: again: {failure}");
                }

                disk.PowerLoss(loss);
                await FinishAsync(subject, failure, message);
            }
        });
    }

    private static (FaultedWays Ways, Func<long> Count, Func<string?> Fault) Through(FaultyFileSystem files) =>
        (FaultedWays.Through(files), () => files.Count, () => FirstFault(files));

    private static string? FirstFault(FaultyFileSystem files) =>
        files.Trace.FirstOrDefault(line => line.EndsWith(" FAILS", StringComparison.Ordinal));

    private static Task LoopAsync(
        string name,
        string operation,
        int count,
        Func<ErrorCode, bool> isExpected,
        Func<long?, (FaultedWays Ways, Func<long> Count, Func<string?> Fault)> arm) =>
        Sample.SeededAsync(async () =>
        {
            var total = await CountAsync(operation, arm);
            foreach (var at in Sample.Of(name, count, Enumerable.Range(1, total + Beyond)))
            {
                using var subject = FaultedOperation.All[operation]();
                await subject.PrepareAsync();
                var (ways, _, fault) = arm(at);
                var message = $"{name}, operation {at}";
                var failure = await FaultAttempt.RunAsync(message, token => subject.RunAsync(ways, token));
                message += $": {fault() ?? "no fault"}";
                Assert.True(
                    failure is null || (fault() is not null && isExpected(failure.Code)), $"{message}: {failure}");
                await FinishAsync(subject, failure, message);
            }
        });

    /// <summary>
    /// The world is whole again: what was promised is there, the next run works, the check finds nothing.
    /// </summary>
    private static async Task FinishAsync(FaultedOperation subject, LifeboatException? failure, string message)
    {
        message += failure is null ? " (reported success)" : $" (reported {failure.Code}: {failure.Message})";
        await subject.JudgeAsync(failure is null, message);
        var again = await FaultAttempt.RunAsync(
            message + ", next run", token => subject.RunAsync(FaultedWays.Clean, token));
        Assert.True(again is null || subject.MayRefuseAgain(again), $"{message}: the next run fails: {again}");
        await subject.JudgeAsync(again is null, message + ", next run");
        await subject.World.CheckAsync(message);
    }

    private static async Task<int> CountAsync(
        string operation, Func<long?, (FaultedWays Ways, Func<long> Count, Func<string?> Fault)> arm)
    {
        using var subject = FaultedOperation.All[operation]();
        await subject.PrepareAsync();
        var (ways, count, _) = arm(null);
        Assert.Null(await FaultAttempt.RunAsync($"{operation}, counting", token => subject.RunAsync(ways, token)));
        await subject.JudgeAsync(succeeded: true, $"{operation}, counting");
        Assert.True(count() > 0, $"{operation} does nothing that the fault concerns");
        return (int)count();
    }
}
