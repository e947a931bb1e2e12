using Lifeboat.Postgres.Format;

namespace Lifeboat.Engine.Targets;

/// <summary>The <c>recovery_target…</c> settings of a target. At most one of them may name a point.</summary>
internal static class TargetSettings
{
    /// <param name="setting">The one that names the point; null for all that is archived.</param>
    /// <param name="inclusive">Null where PostgreSQL does not look at it.</param>
    internal static IReadOnlyList<KeyValuePair<string, string>> Of(
        Timeline timeline, string? setting, string value, bool? inclusive, RecoveryTargetAction action)
    {
        var settings = new List<KeyValuePair<string, string>>
        {
            new("recovery_target_timeline", timeline.ToString()),
        };
        if (setting is null)
        {
            return settings;
        }

        settings.Add(new(setting, value));
        if (inclusive is { } included)
        {
            settings.Add(new("recovery_target_inclusive", included ? "on" : "off"));
        }

        settings.Add(new("recovery_target_action", action switch
        {
            RecoveryTargetAction.Pause => "pause",
            RecoveryTargetAction.Shutdown => "shutdown",
            _ => "promote",
        }));
        return settings;
    }
}
