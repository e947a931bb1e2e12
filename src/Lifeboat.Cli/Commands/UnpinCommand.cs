using Lifeboat.Cli.Retention;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Cli.Commands;

internal static class UnpinCommand
{
    public static readonly CommandSpec Spec = new(
        "unpin",
        "Let the rules decide about a backup again",
        [new CommandArgument("ID", "The backup's id, the beginning of it, or latest")],
        [],
        [new("lifeboat unpin 20261120T1403 --repository /backup/lifeboat", "The backup whose id begins like this")],
        RunAsync);

    private static Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken) =>
        MarkWriting.RunAsync(
            context,
            (id, notes) => notes.Pin is null ? null : new BackupMark(
                id, BackupMark.OfUnpin, Text: null, Tags: null, Until: null, context.Time.GetUtcNow(), Environment.MachineName),
            cancellationToken);
}
