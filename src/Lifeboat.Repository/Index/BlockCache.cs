using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Index;

/// <summary>
/// The blocks of index runs that were read last, of all runs together, so that memory is bounded whatever their number.
/// May be used by several at the same time.
/// </summary>
/// <param name="most">Blocks held; one takes some 100 to 300 KiB of memory.</param>
internal sealed class BlockCache(int most)
{
    /// <summary>Some 100 MiB of memory: the whole index of a terabyte.</summary>
    internal const int Usual = 512;

    private readonly Lock _lock = new();
    private readonly Dictionary<(Id128 Run, int Frame), LinkedListNode<((Id128 Run, int Frame) Key, object Block)>> _blocks = [];
    private readonly LinkedList<((Id128 Run, int Frame) Key, object Block)> _order = [];

    /// <summary>Blocks that were not in memory.</summary>
    internal long Misses { get; private set; }

    internal async ValueTask<T[]> GetAsync<T>(
        (Id128 Run, int Frame) key, Func<(Id128 Run, int Frame), ValueTask<T[]>> read)
    {
        lock (_lock)
        {
            if (_blocks.TryGetValue(key, out var found))
            {
                _order.Remove(found);
                _order.AddLast(found);
                return (T[])found.Value.Block;
            }

            Misses++;
        }

        var block = await read(key);
        lock (_lock)
        {
            if (most > 0 && !_blocks.ContainsKey(key))
            {
                if (_blocks.Count == most)
                {
                    _blocks.Remove(_order.First!.Value.Key);
                    _order.RemoveFirst();
                }

                _blocks[key] = _order.AddLast((key, (object)block));
            }
        }

        return block;
    }
}
