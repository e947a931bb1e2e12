namespace Lifeboat.Engine.Backup.Physical;

/// <summary>Hands units to workers, one at a time and in order.</summary>
internal sealed class UnitSource(IAsyncEnumerable<CopyUnit> units, CancellationToken cancellationToken) : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly IAsyncEnumerator<CopyUnit> _units = units.GetAsyncEnumerator(cancellationToken);
    private bool _ended;

    /// <summary>The next unit; null when there is none. After a failure there is none either.</summary>
    internal async ValueTask<CopyUnit?> TakeAsync(CancellationToken stopping)
    {
        await _gate.WaitAsync(stopping);
        try
        {
            if (_ended)
            {
                return null;
            }

            _ended = true;
            if (!await _units.MoveNextAsync())
            {
                return null;
            }

            _ended = false;
            return _units.Current;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _units.DisposeAsync();
        _gate.Dispose();
    }
}
