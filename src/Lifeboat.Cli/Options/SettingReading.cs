using System.Globalization;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;

namespace Lifeboat.Cli.Options;

/// <summary>Settings as what they mean. What makes no sense is a usage error that names its source.</summary>
internal static class SettingReading
{
    public static bool Flag(this Settings settings, Setting setting) =>
        settings.Find(setting) is { } value && (value.Text.ToLowerInvariant() switch
        {
            "true" or "yes" or "on" or "1" => true,
            "false" or "no" or "off" or "0" => false,
            _ => throw Wrong(value, "it is neither true nor false", "Write true or false."),
        });

    public static int? Integer(this Settings settings, Setting setting, int least, int most)
    {
        if (settings.Find(setting) is not { } value)
        {
            return null;
        }

        return int.TryParse(value.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most
                ? number
                : throw Wrong(
                    value,
                    "it is out of range or no whole number",
                    string.Create(CultureInfo.InvariantCulture, $"Give a whole number from {least} to {most}."));
    }

    /// <summary>An amount of bytes, above 0.</summary>
    public static long? Bytes(this Settings settings, Setting setting) =>
        settings.Find(setting) is not { } value ? null
        : ByteQuantity.Parse(value.Text)
        ?? throw Wrong(value, "it is no amount of bytes", "Write a number and a unit: 500KB, 20MB, 1.5GiB.");

    /// <summary>One of the setting's choices.</summary>
    public static string? Choice(this Settings settings, Setting setting)
    {
        if (settings.Find(setting) is not { } value)
        {
            return null;
        }

        return setting.Choices!.Contains(value.Text, StringComparer.Ordinal)
            ? value.Text
            : throw Wrong(value, "there is no such choice", $"Give one of: {string.Join(", ", setting.Choices!)}.");
    }

    /// <summary>A position in the WAL.</summary>
    public static Lsn? Lsn(this Settings settings, Setting setting) =>
        settings.Find(setting) is not { } value ? null
        : Postgres.Format.Lsn.TryParse(value.Text, out var lsn) ? lsn
        : throw Wrong(value, "it is no WAL position", "Write it as PostgreSQL does: 16/B374D848.");

    /// <summary>An absolute path; a relative one begins at the working directory.</summary>
    public static string? Path(this Settings settings, Setting setting) =>
        settings.Text(setting) is { } text ? System.IO.Path.GetFullPath(text) : null;

    public static string RequiredPath(this Settings settings, Setting setting) =>
        settings.Path(setting) ?? throw Missing(setting);

    public static LifeboatException Missing(Setting setting) => UsageError.Of(
        "read the options",
        setting.Option,
        "it is needed and was not given",
        $"Give {setting.Option} {setting.ValueName}, or set {setting.Variable}, or write '{setting.Name}:' in the "
        + $"configuration file.");

    public static LifeboatException Wrong(SettingValue value, string cause, string hint) => UsageError.Of(
        "read the options", value.Source, $"'{PosixPath.Display(value.Text)}': {cause}", hint);
}
