using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Testing.Files;
using Xunit;

namespace Lifeboat.Tests.Engine;

public sealed class LineageMarkerTests
{
    private static LineageMarker Marker(Id128 lineage) => new(
        lineage,
        new Id128(1, 2),
        new LineageOrigin(new Id128(3, 4), "20260301T120000Z-a1b2c3", new Timeline(10), Lsn.Parse("16/B374D848")));

    [Fact]
    public void A_marker_reads_back_as_it_was_written()
    {
        var marker = Marker(new Id128(5, 6));

        Assert.Equal(marker, LineageMarker.Parse(marker.ToBytes(), "there"));
        Assert.Equal(marker with { Parent = null }, LineageMarker.Parse((marker with { Parent = null }).ToBytes(), "there"));
    }

    [Fact]
    public void Every_cut_marker_is_reported_as_damaged()
    {
        var bytes = Marker(new Id128(5, 6)).ToBytes();
        for (var length = 0; length < bytes.Length - 2; length++)
        {
            var damaged = Assert.Throws<LifeboatException>(() => LineageMarker.Parse(bytes.AsSpan(0, length), "there"));
            Assert.Equal(ErrorCode.Damaged, damaged.Code);
            Assert.NotEmpty(damaged.Failure.Hint);
        }
    }

    [Fact]
    public void A_failed_file_operation_leaves_the_old_marker_or_the_new_one()
    {
        for (var at = 1; ; at++)
        {
            using var scratch = ScratchDirectory.InMemory();
            var (old, wanted) = (Marker(new Id128(5, 6)), Marker(new Id128(7, 8)));
            old.Write(PosixFileSystem.Instance, scratch.Path);
            var files = new FaultyFileSystem(PosixFileSystem.Instance, new FileFault(at, Errno.Io, false, FaultMoment.Before));
            try
            {
                wanted.Write(files, scratch.Path);
                Assert.False(files.Struck, $"operation {at} failed and nobody was told");
                Assert.True(at > 5, "writing has become too short to show anything");
                return;
            }
            catch (FileSystemException)
            {
                Assert.Contains(LineageMarker.TryRead(PosixFileSystem.Instance, scratch.Path), new[] { old, wanted });
                wanted.Write(PosixFileSystem.Instance, scratch.Path);
                Assert.Equal(wanted, LineageMarker.TryRead(PosixFileSystem.Instance, scratch.Path));
                Assert.Single(scratch.List(""));
            }
        }
    }
}
