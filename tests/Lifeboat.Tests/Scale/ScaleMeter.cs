using System.Globalization;
using Lifeboat.Testing.Simulation;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Scale;

/// <summary>What one operation took.</summary>
/// <param name="Heap">The most that the managed heap grew by, garbage that was not collected yet included; bytes.</param>
/// <param name="Waiting">Virtual time that requests took, as many at once as the operation asks.</param>
/// <param name="AtOnce">The most requests that waited at once.</param>
/// <param name="Processor">Real time, in which no request takes any.</param>
internal readonly record struct ScaleUse(StoreUse Store, long Heap, TimeSpan Waiting, int AtOnce, TimeSpan Processor)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Store.Requests:N0} requests ({AtOnce} at once), waiting {Waiting.TotalSeconds:F1} s and computing {Processor.TotalSeconds:F1} s; "
        + $"read {Store.BytesRead:N0}, wrote {Store.BytesWritten:N0} bytes; heap {Heap >> 20} MiB");
}

/// <summary>Measures operations by themselves: what the simulation holds is not counted.</summary>
internal sealed class ScaleMeter(MeteredStore store, TimeSpan latency, ITestOutputHelper output)
{
    private readonly WaitingRoom _room = new();

    internal ScaleUse Run(string what, Func<Task> work)
    {
        var (_, use) = Run(what, async () =>
        {
            await work();
            return true;
        });
        return use;
    }

    internal (T Answer, ScaleUse Use) Run<T>(string what, Func<Task<T>> work)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var held = GC.GetTotalMemory(forceFullCollection: true);
        var (before, waited, began, peak) = (store.Use, _room.Elapsed, TimeProvider.System.GetTimestamp(), held);
        store.Asked = () =>
        {
            peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: false));
            return latency > TimeSpan.Zero ? _room.WaitAsync(latency) : Task.CompletedTask;
        };
        var answer = _room.Run(work);
        store.Asked = null;
        peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: false));
        var use = new ScaleUse(
            store.Use - before,
            peak - held,
            _room.Elapsed - waited,
            _room.MostAtOnce,
            TimeProvider.System.GetElapsedTime(began));
        if (what.Length > 0)
        {
            output.WriteLine($"{what}: {use}");
        }

        return (answer, use);
    }
}
