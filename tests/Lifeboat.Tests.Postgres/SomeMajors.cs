using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres;

/// <summary>
/// Runs a theory on two of the majors, by the run's seed, or on every one with <c>LIFEBOAT_TEST_ALL=1</c>: for what
/// hardly depends on the major.
/// </summary>
public sealed class SomeMajors : TheoryData<int>
{
    public SomeMajors()
        : base(Sample.Of("some majors", 2, PostgresInstallation.Majors))
    {
    }
}
