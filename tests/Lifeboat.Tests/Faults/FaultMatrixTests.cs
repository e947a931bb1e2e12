using Lifeboat.Platform.Files;
using Lifeboat.Testing.Files;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Faults;

public sealed class StoreFaultTests
{
    public static TheoryData<string, StoreFaultKind, bool> Faults => new(
        from operation in FaultMatrix.Operations
        from kind in Enum.GetValues<StoreFaultKind>()
        from forGood in new[] { false, true }
        select (operation, kind, forGood));

    [Theory]
    [MemberData(nameof(Faults))]
    public Task A_failed_store_operation_is_no_success_and_leaves_nothing_half(
        string operation, StoreFaultKind kind, bool forGood) =>
        FaultMatrix.OfStoreAsync(operation, new StoreFault(1, forGood, kind), count: 6);

    public static TheoryData<string, StoreFaultKind, bool> FaultsOfReading => new(
        from operation in new[] { "restore", "delta" }
        from kind in Enum.GetValues<StoreFaultKind>()
        from forGood in new[] { false, true }
        select (operation, kind, forGood));

    [Theory]
    [MemberData(nameof(FaultsOfReading))]
    public Task A_failed_store_operation_is_no_success_where_frames_are_asked_for_ahead(
        string operation, StoreFaultKind kind, bool forGood) =>
        FaultMatrix.OfStoreAsync(operation, new StoreFault(1, forGood, kind), count: 3, isDistant: true);
}

public sealed class FileFaultTests
{
    public static TheoryData<string, int, bool, FaultMoment> Faults => new(
        from operation in FaultMatrix.Operations
        from fault in new[]
        {
            (Errno.Io, false, FaultMoment.Before),
            (Errno.Io, false, FaultMoment.After),
            (Errno.Io, true, FaultMoment.Before),
            (Errno.Io, true, FaultMoment.After),
            (Errno.NoSpace, false, FaultMoment.Before),
            (Errno.NoSpace, true, FaultMoment.Before),
        }
        select (operation, fault.Item1, fault.Item2, fault.Item3));

    [Theory]
    [MemberData(nameof(Faults))]
    public Task A_failed_file_operation_is_no_success_and_leaves_nothing_half(
        string operation, int errno, bool forGood, FaultMoment moment) =>
        FaultMatrix.OfFilesAsync(operation, new FileFault(1, errno, forGood, moment), count: 8);
}

public sealed class PowerLossTests
{
    public static TheoryData<string, UnsyncedLoss> Losses => new(
        from operation in FaultMatrix.Operations
        from loss in Enum.GetValues<UnsyncedLoss>()
        select (operation, loss));

    [Theory]
    [MemberData(nameof(Losses))]
    public Task Power_lost_at_any_operation_takes_nothing_that_was_promised(string operation, UnsyncedLoss loss) =>
        FaultMatrix.OfPowerAsync(operation, loss, repeated: false, count: 8);

    [Theory]
    [MemberData(nameof(Losses))]
    public Task Power_lost_behind_a_run_that_followed_a_dead_one_takes_nothing_that_was_promised(
        string operation, UnsyncedLoss loss) =>
        FaultMatrix.OfPowerAsync(operation, loss, repeated: true, count: 8);

    /// <summary>Dead between a name and its sync: what is there can be seen, used, and still be lost.</summary>
    [Theory]
    [MemberData(nameof(Losses))]
    public Task What_a_dead_run_left_visible_is_durable_once_the_next_run_reports_success(
        string operation, UnsyncedLoss loss) =>
        FaultMatrix.OfPowerAsync(
            operation, loss, repeated: true, count: 40, (what, _) => what == FileOperation.SyncDirectory);
}
