namespace Lifeboat.Engine.Windows;

/// <summary>Segment numbers without a gap, both ends included.</summary>
internal readonly record struct WalRun(ulong First, ulong Last)
{
    internal bool Contains(ulong number) => number >= First && number <= Last;
}
