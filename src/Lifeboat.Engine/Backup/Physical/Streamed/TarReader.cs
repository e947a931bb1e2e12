using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format.Tar;

namespace Lifeboat.Engine.Backup.Physical.Streamed;

/// <summary>
/// Reads a server's archive as it comes, entry by entry, in bounded memory. An archive ends at the end of its bytes, behind
/// zeros or without them (until PostgreSQL 14). Used by one caller at a time.
/// </summary>
/// <param name="next">The next bytes, valid until the next call; empty at the end, and from then on.</param>
internal sealed class TarReader(Func<CancellationToken, ValueTask<ReadOnlyMemory<byte>>> next)
{
    private readonly byte[] _block = new byte[TarHeader.BlockSize];
    private ReadOnlyMemory<byte> _chunk;
    private long _left;
    private int _filling;

    /// <summary>The next entry, behind what is left of the content of the one before; null at the end.</summary>
    /// <exception cref="LifeboatException">Damaged: what comes is no such archive, or is cut off.</exception>
    internal async ValueTask<TarHeader?> NextAsync(CancellationToken cancellationToken)
    {
        for (var rest = _left + _filling; rest > 0;)
        {
            rest -= await TakeAsync(_block.AsMemory(0, (int)Math.Min(rest, _block.Length)), cancellationToken) is var taken and > 0
                ? taken
                : throw CutOff();
        }

        (_left, _filling) = (0, 0);
        var length = await FillAsync(_block, cancellationToken);
        if (length == 0)
        {
            return null;
        }

        if (length < _block.Length)
        {
            throw CutOff();
        }

        if (TarHeader.IsEnd(_block))
        {
            await RequireEndAsync(cancellationToken);
            return null;
        }

        var header = TarHeader.Parse(_block);
        _left = header.Size;
        _filling = (int)(-header.Size & (TarHeader.BlockSize - 1));
        return header;
    }

    /// <summary>Content of the entry: as much as there is room for, or the rest of it.</summary>
    /// <exception cref="LifeboatException">Damaged: it is cut off.</exception>
    internal async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        buffer = buffer[..(int)Math.Min(buffer.Length, _left)];
        if (await FillAsync(buffer, cancellationToken) < buffer.Length)
        {
            throw CutOff();
        }

        _left -= buffer.Length;
        return buffer.Length;
    }

    private async ValueTask RequireEndAsync(CancellationToken cancellationToken)
    {
        while (await FillAsync(_block, cancellationToken) is var length and > 0)
        {
            if (!TarHeader.IsEnd(_block.AsSpan(0, length)))
            {
                throw Damaged("something stands behind its end");
            }
        }
    }

    private async ValueTask<int> FillAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var filled = 0;
        while (filled < buffer.Length
            && await TakeAsync(buffer[filled..], cancellationToken) is var taken and > 0)
        {
            filled += taken;
        }

        return filled;
    }

    private async ValueTask<int> TakeAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_chunk.IsEmpty)
        {
            _chunk = await next(cancellationToken);
        }

        var taken = Math.Min(buffer.Length, _chunk.Length);
        _chunk[..taken].CopyTo(buffer);
        _chunk = _chunk[taken..];
        return taken;
    }

    private static LifeboatException CutOff() => Damaged("it is cut off");

    private static LifeboatException Damaged(string cause) => new(new Failure(
        ErrorCode.Damaged,
        "read the server's archive",
        "",
        cause,
        Hint: "Nothing is listed. See the server's log, and run the backup again: what was stored is reused."));
}
