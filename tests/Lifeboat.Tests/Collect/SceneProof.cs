using Xunit;

namespace Lifeboat.Tests.Collect;

/// <summary>Plays a scene as it is, which must hold, and without what it is about.</summary>
internal static class SceneProof
{
    /// <param name="play">A seed, and whether the sabotage is on.</param>
    /// <returns>Seeds in which the sabotage broke a promise.</returns>
    internal static async Task<int> BrokenAsync(string name, int seeds, Func<int, bool, Task> play)
    {
        var broken = 0;
        for (var seed = 0; seed < seeds; seed++)
        {
            await play(seed, false);
            try
            {
                await play(seed, true);
            }
            catch (BrokenPromiseException found)
            {
                TestContext.Current.SendDiagnosticMessage($"{name}: {found.Message}");
                broken++;
            }
        }

        return broken;
    }
}
