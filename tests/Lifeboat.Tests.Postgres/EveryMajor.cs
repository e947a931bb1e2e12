using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres;

/// <summary>Runs a theory once on each PostgreSQL major: <c>[ClassData(typeof(EveryMajor))]</c>.</summary>
public sealed class EveryMajor : TheoryData<int>
{
    public EveryMajor()
        : base(PostgresInstallation.Majors)
    {
    }
}
