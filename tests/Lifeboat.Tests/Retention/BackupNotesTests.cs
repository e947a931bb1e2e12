using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Check;
using Lifeboat.Tests.Repository;
using Xunit;

namespace Lifeboat.Tests.Retention;

public sealed class BackupNotesTests
{
    private static readonly DateTimeOffset s_time = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void I10_the_greatest_serial_counts_and_no_clock_does()
    {
        var early = s_time.AddYears(-20);
        var notes = BackupNotes.Of(
        [
            (3, Mark(BackupMark.OfPin, "second", early)),
            (1, Mark(BackupMark.OfPin, "first", s_time)),
            (2, Mark(BackupMark.OfUnpin, null, s_time)),
            (4, Mark(BackupMark.OfAnnotation, "note", early)),
            (5, Mark(BackupMark.OfTags, null, early) with { Tags = ["b", "a"] }),
        ]);
        Assert.Equal("second", notes.Pin?.Reason);
        Assert.Equal("note", notes.Annotation);
        Assert.Equal(["a", "b"], notes.Tags);
        Assert.Null(BackupNotes.Of([(1, Mark(BackupMark.OfPin, "p", s_time)), (2, Mark(BackupMark.OfUnpin, null, early))]).Pin);
    }

    [Fact]
    public void I10_of_marks_that_took_one_serial_the_one_that_keeps_more_counts()
    {
        var notes = BackupNotes.Of(
        [
            (7, Mark(BackupMark.OfUnpin, null, s_time)),
            (7, Mark(BackupMark.OfPin, "short", s_time) with { Until = s_time.AddDays(1) }),
            (7, Mark(BackupMark.OfPin, "for ever", s_time)),
            (7, Mark(BackupMark.OfTags, null, s_time) with { Tags = ["x"] }),
            (7, Mark(BackupMark.OfTags, null, s_time) with { Tags = ["y"] }),
        ]);
        Assert.Equal(new BackupPin("for ever", null), notes.Pin);
        Assert.Equal(["x", "y"], notes.Tags);
    }

    [Fact]
    public async Task A_mark_that_cannot_be_read_is_damage_that_check_names_and_that_stops_every_removal()
    {
        var scenario = await PruneScenario.CreateAsync();
        await scenario.PinAsync(scenario.Backups[0]);
        var (name, bytes) = (await StoreCopy.ReadAsync(scenario.Memory))
            .Single(pair => pair.Key.Contains("/marks/", StringComparison.Ordinal));
        bytes[150] ^= 1;
        await scenario.Memory.ReplaceAsync(name, bytes);
        var report = await RepositoryCheck.RunAsync(
            scenario.Built.Repository, new CheckOptions(), progress: null, default);
        Assert.Contains(report.Findings, finding => finding.Object == name && finding.Severity == FindingSeverity.Damage);
        var (_, plan) = await scenario.Prune(Policies.Of("last=1")).PlanAsync(default);
        Assert.True(plan.IsEmpty);

        // The mark of one backup under another's name says nothing of it.
        bytes[150] ^= 1;
        await scenario.Memory.DeleteAsync(new Lifeboat.Storage.ObjectName(name), default);
        var other = name.Replace(scenario.Backups[0].Id, scenario.Backups[1].Id, StringComparison.Ordinal);
        await scenario.Memory.ReplaceAsync(other, bytes);
        var listing = await BackupListing.LoadAsync(scenario.Cluster, withNotes: true, default);
        Assert.Equal(other, Assert.Single(listing.Damage).Name.Value);
        Assert.Null(listing.NotesOf(scenario.Backups[1].Id).Pin);
    }

    private static BackupMark Mark(string kind, string? text, DateTimeOffset at) =>
        new("b", kind, text, Tags: null, Until: null, at, "host");
}
