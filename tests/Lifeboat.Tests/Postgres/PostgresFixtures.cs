using System.Text;
using Xunit;

namespace Lifeboat.Tests.Postgres;

/// <summary>The golden files that eng/fixtures took from real clusters.</summary>
internal static class PostgresFixtures
{
    public static TheoryData<int> Majors => [13, 15, 17, 18];

    public static TheoryData<int> MajorsWithIncrementals => [17, 18];

    public static byte[] Read(int major, string name) => File.ReadAllBytes(
        Path.Combine(AppContext.BaseDirectory, "fixtures", "postgres", major.ToString(), name));

    public static string ReadText(int major, string name) => Encoding.UTF8.GetString(Read(major, name));

    /// <summary>What pg_controldata said, by the words before the colon.</summary>
    public static Dictionary<string, string> ControlData(int major, string name) =>
        ReadText(major, name).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(':', 2))
            .ToDictionary(parts => parts[0], parts => parts[1].Trim());
}
