using System.Buffers.Binary;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Wal;

namespace Lifeboat.Tests.Wal.Changes;

/// <summary>Records that change relations, as a server of version 17 would write them.</summary>
internal static class ChangeRecords
{
    private const byte HasData = 0x20;
    private const byte HasImage = 0x10;

    internal static RelFileLocator Relation(uint number) => new(1663, 5, 16384 + number);

    /// <summary>A record with block references, each with a little data or, if wanted, a whole page.</summary>
    internal static Lsn Blocks(
        this WalBuilder wal,
        ResourceManager rmgr,
        byte info,
        byte[] main,
        bool images,
        params (RelFileLocator Relation, RelationFork Fork, uint Block)[] blocks)
    {
        var headers = new List<byte>();
        for (var id = 0; id < blocks.Length; id++)
        {
            var (relation, fork, block) = blocks[id];
            headers.AddRange([(byte)id, (byte)((byte)fork | (images ? HasImage : HasData))]);
            headers.AddRange(BitConverter.GetBytes((ushort)(images ? 0 : 4)));
            if (images)
            {
                headers.AddRange([.. BitConverter.GetBytes((ushort)8192), 0, 0, 0x02]);
            }

            headers.AddRange(Bytes(relation));
            headers.AddRange(BitConverter.GetBytes(block));
        }

        byte[] mainHeader = main.Length switch
        {
            0 => [],
            < 256 => [255, (byte)main.Length],
            _ => [254, .. BitConverter.GetBytes(main.Length)],
        };
        var data = new byte[blocks.Length * (images ? 8192 : 4)];
        data.AsSpan().Fill(0x5A);
        return wal.Raw(
            rmgr, info, [.. new byte[WalRecord.HeaderLength], .. headers, .. mainHeader, .. data, .. main], xid: 800);
    }

    internal static Lsn Insert(this WalBuilder wal, RelFileLocator relation, uint block, bool clearsMap = false) =>
        wal.Blocks(
            ResourceManager.Heap,
            0x00,
            [1, 0, clearsMap ? (byte)1 : (byte)0],
            images: false,
            (relation, RelationFork.Main, block));

    internal static Lsn Create(this WalBuilder wal, RelFileLocator relation, RelationFork fork) => wal.Record(
        ResourceManager.Storage, 0x11, [.. Bytes(relation), .. BitConverter.GetBytes((int)fork)]);

    internal static Lsn Truncate(this WalBuilder wal, RelFileLocator relation, uint block, uint forks) => wal.Record(
        ResourceManager.Storage,
        0x21,
        [.. BitConverter.GetBytes(block), .. Bytes(relation), .. BitConverter.GetBytes(forks)]);

    internal static Lsn CommitDropping(this WalBuilder wal, params RelFileLocator[] relations) => wal.Record(
        ResourceManager.Transaction,
        0x81,
        [
            .. BitConverter.GetBytes(1000L), .. BitConverter.GetBytes(1 << 2),
            .. BitConverter.GetBytes(relations.Length),
            .. relations.SelectMany(Bytes),
        ],
        xid: 801);

    internal static Lsn CreateDatabase(this WalBuilder wal, uint database, uint tablespace) => wal.Record(
        ResourceManager.Database, 0x11, [.. BitConverter.GetBytes(database), .. BitConverter.GetBytes(tablespace)]);

    internal static Lsn DropDatabase(this WalBuilder wal, uint database, params uint[] tablespaces) => wal.Record(
        ResourceManager.Database,
        0x21,
        [
            .. BitConverter.GetBytes(database), .. BitConverter.GetBytes(tablespaces.Length),
            .. tablespaces.SelectMany(BitConverter.GetBytes),
        ]);

    internal static Lsn Level(this WalBuilder wal, int level) => wal.Record(
        ResourceManager.Xlog, 0x60, [.. new byte[20], .. BitConverter.GetBytes(level), .. new byte[2]]);

    internal static Lsn Message(this WalBuilder wal, int length) =>
        wal.Record(ResourceManager.LogicalMessage, 0x00, new byte[length]);

    /// <summary>One record of any kind, over few relations so that they meet.</summary>
    internal static void AddRandom(this WalBuilder wal, Random random)
    {
        var relation = Relation((uint)random.Next(6));
        var block = random.Next(10) == 0 ? (uint)random.NextInt64(1L << 32) : (uint)random.Next(200_000);
        switch (random.Next(40))
        {
            case < 24:
                wal.Insert(relation, block, clearsMap: random.Next(5) == 0);
                break;
            case < 30:
                var fork = (RelationFork)random.Next(4);
                var count = random.Next(1, 33);
                wal.Blocks(
                    random.Next(2) == 0 ? ResourceManager.Btree : ResourceManager.Xlog,
                    0xB0,
                    [],
                    images: random.Next(3) > 0,
                    [.. Enumerable.Range(0, count).Select(i => (relation, fork, block / 2 + (uint)i))]);
                break;
            case < 32:
                wal.Truncate(relation, block, (uint)random.Next(8));
                break;
            case 32:
                wal.Create(relation, (RelationFork)random.Next(4));
                break;
            case 33:
                // Long lists make records over an edge whose main data the fragments do not hold.
                wal.CommitDropping(
                    [.. Enumerable.Range(0, random.Next(3) == 0 ? random.Next(40_000) : 1)
                        .Select(i => Relation((uint)(i % 300)))]);
                break;
            case 34:
                wal.CreateDatabase((uint)random.Next(5, 9), 1663);
                break;
            case 35:
                wal.DropDatabase((uint)random.Next(5, 9), 1663, 1664);
                break;
            case 36:
                // Minimal would make the stretch unusable, which other tests are about.
                wal.Level(random.Next(1, 3));
                break;
            case 37:
                wal.Switch();
                break;
            case 38:
                wal.Message(random.Next(6) == 0 ? random.Next(5 << 20) : random.Next(100_000));
                break;
            default:
                wal.Record((ResourceManager)random.Next(6, 9), 0x00, new byte[random.Next(300)]);
                break;
        }
    }

    private static byte[] Bytes(RelFileLocator relation)
    {
        var bytes = new byte[12];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, relation.Tablespace);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), relation.Database);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), relation.RelNumber);
        return bytes;
    }
}
