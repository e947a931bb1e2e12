using Lifeboat.Cli.Options;
using Lifeboat.Cli.Retention;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Cli.Commands;

internal static class TagCommand
{
    private static readonly Setting Add = new("add", "TAG", "A tag to give it; can be repeated", SettingKind.Many);

    private static readonly Setting Remove = new("remove", "TAG", "A tag to take away; can be repeated", SettingKind.Many);

    public static readonly CommandSpec Spec = new(
        "tag",
        "Give a backup tags, by which rules choose it",
        [new CommandArgument("ID", "The backup's id, the beginning of it, or latest")],
        [Add, Remove],
        [
            new("lifeboat tag latest --add compliance --repository /backup/lifeboat", "Rules for that tag see it from now on"),
        ],
        RunAsync);

    private static Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var added = Read(context.Settings, Add);
        var removed = Read(context.Settings, Remove);
        if (added.Count + removed.Count == 0)
        {
            throw SettingReading.Missing(Add);
        }

        return MarkWriting.RunAsync(
            context,
            (id, notes) =>
            {
                string[] tags = [.. notes.Tags.Except(removed).Union(added).Order(StringComparer.Ordinal)];
                return tags.SequenceEqual(notes.Tags) ? null : new BackupMark(
                    id, BackupMark.OfTags, Text: null, tags, Until: null, context.Time.GetUtcNow(), Environment.MachineName);
            },
            cancellationToken);
    }

    private static List<string> Read(Settings settings, Setting setting) => settings.Find(setting) is { } value
        ? [.. value.Texts.Select(tag => PolicySettings.CheckTag(value, tag)).Distinct(StringComparer.Ordinal)]
        : [];
}
