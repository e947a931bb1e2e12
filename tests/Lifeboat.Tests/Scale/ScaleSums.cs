using Xunit;

namespace Lifeboat.Tests.Scale;

/// <summary>What the parts of an operation took together, the last time and the most of all times.</summary>
internal sealed class ScaleSums
{
    private readonly List<(string Part, ScaleUse Use)> _parts = [];

    internal ScaleUse Last => _parts.Aggregate(default(ScaleUse), (sum, part) => new ScaleUse(
        sum.Store + part.Use.Store,
        Math.Max(sum.Heap, part.Use.Heap),
        sum.Waiting + part.Use.Waiting,
        Math.Max(sum.AtOnce, part.Use.AtOnce),
        sum.Processor + part.Use.Processor));

    /// <summary>The most of all times.</summary>
    internal long Heap { get; private set; }

    internal TimeSpan Waiting { get; private set; }

    internal void Begin() => _parts.Clear();

    internal void Add(string part, ScaleUse use)
    {
        _parts.Add((part, use));
        Heap = Math.Max(Heap, use.Heap);
        Waiting = TimeSpan.FromTicks(Math.Max(Waiting.Ticks, Last.Waiting.Ticks));
    }

    internal void Tell(ITestOutputHelper output, string what)
    {
        output.WriteLine($"{what}: {Last}");
        foreach (var (part, use) in _parts)
        {
            output.WriteLine($"    {part}: {use}");
        }
    }
}
