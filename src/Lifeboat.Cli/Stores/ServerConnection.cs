using System.Text.RegularExpressions;
using Lifeboat.Cli.Options;
using Lifeboat.Postgres.Server;

namespace Lifeboat.Cli.Stores;

/// <summary>How to reach the server.</summary>
internal static partial class ServerConnection
{
    /// <summary>From the setting, or as libpq finds it: PG* variables, the service file, DATABASE_URL.</summary>
    /// <exception cref="Platform.Errors.LifeboatException">
    /// Usage: it makes no sense, or it holds a password where others can read it.
    /// </exception>
    public static ConnInfo Read(Settings settings, Setting setting)
    {
        var value = settings.Find(setting);
        if (value is { Origin: SettingOrigin.CommandLine or SettingOrigin.Configuration } && HoldsPassword(value.Text))
        {
            throw UsageError.Of(
                "read the options",
                value.Source,
                "it holds a password, which other users could read there",
                $"Leave the password away and keep it in ~/.pgpass, or set {setting.Variable}, DATABASE_URL or "
                + "PGPASSWORD in the environment.");
        }

        return ConnInfo.Parse(value?.Text, ClientEnvironment.OfProcess() with
        {
            Variable = name => settings.Variable(name),
        });
    }

    internal static bool HoldsPassword(string connection) =>
        Keyword().IsMatch(connection) || InUrl().IsMatch(connection);

    // No time limits: a clock would make a program fail that only has to wait for a busy machine.
    [GeneratedRegex(@"(^|[\s?&'])(ssl)?password\s*=", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Keyword();

    [GeneratedRegex("^[a-z]+://[^/@]*:[^/@]+@", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex InUrl();
}
