using Lifeboat.Engine.Activity;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>Nobody looks.</summary>
internal sealed class Silence : IActivity
{
    public void Say(string line)
    {
    }

    public void Warn(string line)
    {
    }

    public void Progress(string phase, long done, long total)
    {
    }
}
