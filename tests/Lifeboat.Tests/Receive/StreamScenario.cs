using System.Threading.Channels;
using Lifeboat.Engine.Wal.Receive;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Postgres.Server;
using Lifeboat.Postgres.Server.Replication;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage;
using Lifeboat.Testing.Wal;
using Lifeboat.Tests.Engine;
using Xunit;

namespace Lifeboat.Tests.Receive;

/// <summary>A server's stream without a server: its WAL, cut into messages of any size.</summary>
internal sealed class StreamScenario : IDisposable
{
    private readonly Random _random;

    private StreamScenario(ArchiveScenario archive, WalBuilder wal, Random random)
    {
        Archive = archive;
        Wal = wal;
        _random = random;
    }

    internal ArchiveScenario Archive { get; }

    internal WalBuilder Wal { get; }

    /// <summary>What was acknowledged, in order.</summary>
    internal List<Lsn> Acknowledged { get; } = [];

    internal WalSegmentName First => Wal.Segments[0].Name;

    internal static async Task<StreamScenario> NewAsync(
        int seed, Func<IObjectStore, IObjectStore>? decorate = null, int segments = 2)
    {
        var wal = NewWal(segments, xid: 700);
        var archive = await ArchiveScenario.NewAsync(decorate);
        await archive.BindAsync();
        return new StreamScenario(archive, wal, new Random(seed));
    }

    /// <summary>Whole segments, and a quarter of one more.</summary>
    internal static WalBuilder NewWal(int segments, uint xid)
    {
        var wal = new WalBuilder();
        for (var segment = 0; segment < segments; segment++)
        {
            wal.Commit(xid, ArchiveScenario.Micros(segment));
            Fill(wal, WalBuilder.Size.Bytes - 5000, xid);
            wal.Switch();
        }

        wal.Commit(xid + 1, ArchiveScenario.Micros(segments));
        Fill(wal, WalBuilder.Size.Bytes / 4, xid);
        return wal;
    }

    /// <summary>Records in which every transaction has bytes of its own, and none is zero.</summary>
    private static void Fill(WalBuilder wal, int bytesOfSegment, uint xid)
    {
        var payload = new byte[230];
        Array.Fill(payload, (byte)(1 + (xid % 255)));
        while (wal.Position.Value % (ulong)WalBuilder.Size.Bytes < (ulong)bytesOfSegment)
        {
            wal.Record(ResourceManager.Heap, 0x00, payload.AsSpan(0, 30 + (int)(wal.Position.Value % 200)), xid);
        }
    }

    internal byte[] Bytes(Lsn from, Lsn to, WalBuilder? wal = null)
    {
        var all = (wal ?? Wal).Segments.SelectMany(segment => segment.Content.ToArray()).ToArray();
        return all[(int)(from - First.Start)..(int)(to - First.Start)];
    }

    /// <summary>A position of the WAL at random.</summary>
    internal Lsn Anywhere() => First.Start + (ulong)_random.NextInt64(1, (long)(Wal.Position - First.Start));

    /// <summary>
    /// Connects as the receiver does, lets the server send up to a position, and ends the stream.
    /// </summary>
    /// <param name="wal">What the server sends; null for the scenario's own.</param>
    /// <param name="lost">How the stream ends; null: in order.</param>
    internal async Task ReceiveAsync(
        Lsn to, bool synchronous = false, WalBuilder? wal = null, LifeboatException? lost = null)
    {
        var request = Request(synchronous);
        var whole = new WholeSegments(
            Archive.Cluster, Archive.Cluster.FirstLineage, ArchiveScenario.SystemIdentifier, level: 1);
        var resume = await FindAsync() ?? ResumePoint.At(First);
        var overlap = await resume.OverlapAsync(Archive.Cluster, _ => { }, ArchiveScenario.Token);
        var chunks = Channel.CreateUnbounded<WalChunk>();
        var from = overlap?.From ?? resume.Durable;
        var sending = SendAsync(chunks.Writer, from, Bytes(from, to < from ? from : to, wal), lost);
        var receiver = new StreamReceiver(
            request,
            new PieceStore(Archive.Cluster, Archive.Cluster.FirstLineage, level: 1, request.Time),
            whole,
            chunks.Reader,
            (position, _) =>
            {
                Acknowledged.Add(position);
                return Task.CompletedTask;
            },
            () => { });
        await receiver.RunAsync(resume, overlap, ArchiveScenario.Token);
        await sending;
    }

    internal async Task<ResumePoint?> FindAsync() => await ResumePoint.FindAsync(
        Archive.Cluster,
        Archive.Cluster.FirstLineage,
        Wal.Timeline,
        WalBuilder.Size,
        new WholeSegments(Archive.Cluster, Archive.Cluster.FirstLineage, ArchiveScenario.SystemIdentifier, level: 1),
        _ => { },
        ArchiveScenario.Token);

    /// <summary>All that the repository gives from the first segment on, as a recovery would get it.</summary>
    internal async Task<byte[]> StoredAsync()
    {
        var stored = new List<byte>();
        for (var segment = First; ; segment = segment.Next)
        {
            var cluster = Archive.Cluster;
            var whole = await WalStore.FindAsync(
                cluster, cluster.FirstLineage, segment.ToString(), ArchiveScenario.Token);
            if (whole.Count > 0)
            {
                stored.AddRange((await WalStore.ReadAsync(cluster, whole.Single(), ArchiveScenario.Token)).Content);
                continue;
            }

            var chain = WalPieceChain.Of(await WalPieces.FindAsync(
                cluster, cluster.FirstLineage, segment.ToString(), ArchiveScenario.Token));
            var content = new byte[segment.Size.Bytes];
            var known = await WalPieces.ReadAsync(cluster, chain, content, ArchiveScenario.Token);
            stored.AddRange(content[..known]);
            if (known < content.Length)
            {
                return [.. stored];
            }
        }
    }

    public void Dispose() => Archive.Dispose();

    private async Task SendAsync(
        ChannelWriter<WalChunk> chunks, Lsn from, byte[] bytes, LifeboatException? lost)
    {
        for (var sent = 0; sent < bytes.Length;)
        {
            var length = Math.Min(bytes.Length - sent, _random.Next(1, 128 << 10));
            var chunk = new WalChunk(from + (ulong)sent, length);
            bytes.AsMemory(sent, length).CopyTo(chunk.Buffer);
            await chunks.WriteAsync(chunk, ArchiveScenario.Token);
            sent += length;
            await Task.Yield();
        }

        chunks.Complete(lost);
    }

    private WalReceiveRequest Request(bool synchronous)
    {
        Assert.True(SlotName.TryParse("lifeboat", out var slot));
        return new WalReceiveRequest
        {
            Cluster = Archive.Cluster,
            ConnInfo = ConnInfo.Parse(
                "host=/nowhere user=nobody", new ClientEnvironment(_ => null, Archive.Files, "nobody", "/nowhere")),
            Slot = slot,
            Synchronous = synchronous,
            FlushInterval = TimeSpan.FromMilliseconds(1),
            Files = Archive.Files,
        };
    }
}
