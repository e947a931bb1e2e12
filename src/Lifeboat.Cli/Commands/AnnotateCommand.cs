using Lifeboat.Cli.Retention;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Cli.Commands;

internal static class AnnotateCommand
{
    public static readonly CommandSpec Spec = new(
        "annotate",
        "Write a note on a backup",
        [
            new CommandArgument("ID", "The backup's id, the beginning of it, or latest"),
            new CommandArgument("TEXT", "The note; it replaces the one before"),
        ],
        [],
        [
            new("lifeboat annotate latest 'restored and verified by hand' --repository /backup/lifeboat",
                "A note that list and show print"),
        ],
        RunAsync);

    private static Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken) =>
        MarkWriting.RunAsync(
            context,
            (id, _) => new BackupMark(
                id,
                BackupMark.OfAnnotation,
                context.Arguments[1],
                Tags: null,
                Until: null,
                context.Time.GetUtcNow(),
                Environment.MachineName),
            cancellationToken);
}
