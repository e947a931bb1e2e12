using System.Buffers.Binary;
using System.Formats.Tar;
using System.Text;

namespace Lifeboat.Tests.Engine;

/// <summary>What a server says when a base backup is asked for, as bytes; and a connection that says them.</summary>
internal static class ServerConversation
{
    internal const string Start = "0/2000028";
    internal const string Stop = "0/2000100";

    /// <summary>Of a server with one tablespace.</summary>
    /// <param name="major">From 15 on, all archives are one copy.</param>
    internal static byte[] Of(int major, byte[] tablespace, byte[] data, byte[] manifest)
    {
        var said = new MemoryStream();
        Rows(said, [Start, "1"]);
        Rows(said, ["16384", "/srv/far", "8"], [null, null, "100"]);
        if (major >= 15)
        {
            Message(said, 'H', [0, 0, 0]);
            foreach (var (name, place, content) in new[] { ("16384.tar", "/srv/far", tablespace), ("base.tar", "", data) })
            {
                Message(said, 'd', Encoding.UTF8.GetBytes($"n{name}\0{place}\0"));
                Chunks(said, content, "d"u8);
                Message(said, 'd', [(byte)'p', 0, 0, 0, 0, 0, 0, 0, 1]);
            }

            Message(said, 'd', "m"u8);
            Chunks(said, manifest, "d"u8);
            Message(said, 'c', []);
        }
        else
        {
            foreach (var content in new[] { tablespace, data, manifest })
            {
                Message(said, 'H', [0, 0, 0]);
                Chunks(said, content, []);
                Message(said, 'c', []);
            }
        }

        Rows(said, [Stop, "1"]);
        Message(said, 'C', "BASE_BACKUP\0"u8);
        Message(said, 'Z', "I"u8);
        return said.ToArray();
    }

    /// <summary>An archive as .NET writes it: a writer that knows nothing of ours.</summary>
    internal static byte[] Archive(params (string Name, byte[]? Content)[] entries)
    {
        var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                var entry = new UstarTarEntry(
                    content is null ? TarEntryType.Directory : TarEntryType.RegularFile, name)
                {
                    Mode = content is null
                        ? UnixFileMode.UserRead | UnixFileMode.UserExecute : UnixFileMode.UserRead | UnixFileMode.UserWrite,
                    ModificationTime = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000),
                };
                if (content is not null)
                {
                    entry.DataStream = new MemoryStream(content);
                }

                writer.WriteEntry(entry);
            }
        }

        return archive.ToArray();
    }

    private static void Rows(MemoryStream said, params string?[][] rows)
    {
        Message(said, 'T', [0, 0]);
        foreach (var row in rows)
        {
            var body = new MemoryStream();
            var number = new byte[4];
            BinaryPrimitives.WriteUInt16BigEndian(number, (ushort)row.Length);
            body.Write(number, 0, 2);
            foreach (var column in row)
            {
                BinaryPrimitives.WriteInt32BigEndian(number, column?.Length ?? -1);
                body.Write(number);
                body.Write(Encoding.UTF8.GetBytes(column ?? ""));
            }

            Message(said, 'D', body.ToArray());
        }

        Message(said, 'C', "SELECT\0"u8);
    }

    private static void Chunks(MemoryStream said, byte[] content, ReadOnlySpan<byte> kind)
    {
        for (var at = 0; at < content.Length; at += 700)
        {
            Message(said, 'd', [.. kind, .. content[at..Math.Min(at + 700, content.Length)]]);
        }
    }

    private static void Message(MemoryStream said, char type, ReadOnlySpan<byte> body)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, body.Length + 4);
        said.WriteByte((byte)type);
        said.Write(length);
        said.Write(body);
    }

    /// <summary>Gives bytes in pieces of any length, and takes what is sent.</summary>
    internal sealed class Connection(byte[] said, Random random) : Stream
    {
        private int _at;

        internal MemoryStream Sent { get; } = new();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => _at;
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var length = Math.Min(Math.Min(count, random.Next(1, 2000)), said.Length - _at);
            said.AsSpan(_at, length).CopyTo(buffer.AsSpan(offset));
            _at += length;
            return length;
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => Sent.Write(buffer, offset, count);
    }
}
