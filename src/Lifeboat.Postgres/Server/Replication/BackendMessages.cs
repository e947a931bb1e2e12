using System.Buffers.Binary;
using System.Text;
using Npgsql;

namespace Lifeboat.Postgres.Server.Replication;

/// <summary>One message of the server.</summary>
/// <param name="Body">Of the reader's buffer: valid until the next message is read.</param>
internal readonly record struct BackendMessage(char Type, ReadOnlyMemory<byte> Body);

/// <summary>
/// Reads the server's messages from the bytes of a connection (PostgreSQL's documentation, "Message Formats"): a byte that
/// says what it is, four bytes of length, the body. Used by one caller at a time; owns its buffer.
/// </summary>
internal sealed class BackendMessages(Stream stream)
{
    private const int HeaderLength = 5;

    /// <summary>The server sends its archives in messages of some ten KiB; more than this is not of a server.</summary>
    private const int MostBody = 1 << 20;

    private byte[] _buffer = new byte[256 << 10];
    private int _start;
    private int _end;

    /// <summary>The next message; notices and reports of settings are passed over.</summary>
    /// <exception cref="NpgsqlException">
    /// The server's error as a <see cref="PostgresException"/>; or what came is no message.
    /// </exception>
    /// <exception cref="IOException">The connection ended.</exception>
    internal async ValueTask<BackendMessage> ReadAsync(CancellationToken cancel)
    {
        while (true)
        {
            await FillAsync(HeaderLength, cancel);
            var type = (char)_buffer[_start];
            var length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_start + 1)) - sizeof(int);
            if (length is < 0 or > MostBody)
            {
                throw new NpgsqlException($"the server sent a message of {length} bytes");
            }

            _start += HeaderLength;
            await FillAsync(length, cancel);
            var body = _buffer.AsMemory(_start, length);
            _start += length;
            switch (type)
            {
                case 'N' or 'S' or 'A':
                    continue;
                case 'E':
                    throw ErrorOf(body.Span);
                default:
                    return new BackendMessage(type, body);
            }
        }
    }

    /// <summary>The columns of a DataRow, as text; null for NULL.</summary>
    /// <exception cref="NpgsqlException">It is none.</exception>
    internal static string?[] Row(ReadOnlySpan<byte> body)
    {
        try
        {
            var columns = new string?[BinaryPrimitives.ReadUInt16BigEndian(body)];
            body = body[sizeof(ushort)..];
            for (var column = 0; column < columns.Length; column++)
            {
                var length = BinaryPrimitives.ReadInt32BigEndian(body);
                body = body[sizeof(int)..];
                if (length >= 0)
                {
                    columns[column] = Platform.Files.PosixPath.Decode(body[..length]);
                    body = body[length..];
                }
            }

            return columns;
        }
        catch (ArgumentOutOfRangeException cut)
        {
            throw new NpgsqlException("the server sent a row that is cut off", cut);
        }
    }

    /// <summary>A text that ends with a zero byte, taken from the front.</summary>
    /// <exception cref="NpgsqlException">It does not end.</exception>
    internal static string Text(ref ReadOnlySpan<byte> body)
    {
        var end = body.IndexOf((byte)0);
        if (end < 0)
        {
            throw new NpgsqlException("the server sent a text without an end");
        }

        var text = Platform.Files.PosixPath.Decode(body[..end]);
        body = body[(end + 1)..];
        return text;
    }

    private static PostgresException ErrorOf(ReadOnlySpan<byte> body)
    {
        var (severity, state, message) = ("ERROR", "XX000", "the server reported an error without a message");
        while (body.Length > 1)
        {
            var field = (char)body[0];
            body = body[1..];
            var text = Text(ref body);
            (severity, state, message) = field switch
            {
                'V' => (text, state, message),
                'C' => (severity, text, message),
                'M' => (severity, state, text),
                _ => (severity, state, message),
            };
        }

        return new PostgresException(message, severity, severity, state);
    }

    private async ValueTask FillAsync(int count, CancellationToken cancel)
    {
        if (_end - _start >= count)
        {
            return;
        }

        if (_buffer.Length - _start < count)
        {
            var larger = _buffer.Length < count ? new byte[count] : _buffer;
            _buffer.AsSpan(_start.._end).CopyTo(larger);
            (_buffer, _start, _end) = (larger, 0, _end - _start);
        }

        while (_end - _start < count)
        {
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancel);
            if (read == 0)
            {
                throw new IOException("the server closed the connection");
            }

            _end += read;
        }
    }

    /// <summary>A simple query, as it is sent.</summary>
    internal static byte[] Query(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var message = new byte[1 + sizeof(int) + bytes.Length + 1];
        message[0] = (byte)'Q';
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), message.Length - 1);
        bytes.CopyTo(message, 1 + sizeof(int));
        return message;
    }
}
