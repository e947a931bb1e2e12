using Lifeboat.Cli.Commands;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Cli.Retention;

/// <summary>Adds a mark to a backup and shows what counts of its marks then.</summary>
internal static class MarkWriting
{
    /// <param name="make">Of the backup's id and of what is said of it already; null when there is nothing to
    /// add.</param>
    public static async Task<int> RunAsync(
        CommandContext context, Func<string, BackupNotes, BackupMark?> make, CancellationToken cancellationToken)
    {
        var cluster = await context.OpenClusterAsync(cancellationToken);
        var backup = await BackupCatalog.FindAsync(cluster, context.Arguments[0], cancellationToken);
        var before = await BackupMarks.ReadAsync(cluster, backup.Lineage, backup.Id, cancellationToken);
        if (make(backup.Id, before) is { } mark)
        {
            await BackupMarks.AddAsync(cluster, backup.Lineage, mark, cancellationToken);
        }

        var notes = await BackupMarks.ReadAsync(cluster, backup.Lineage, backup.Id, cancellationToken);
        var document = new NotesDocument(backup.Id, [.. notes.Tags], PinDocument.Of(notes.Pin), notes.Annotation);
        if (context.Json)
        {
            Documents.Print(context.Terminal, document, CliJson.Default.NotesDocument);
        }
        else
        {
            BackupText.Line(context.Terminal.Out, "Backup", document.Id);
            BackupText.PrintNotes(context.Terminal.Out, document);
        }

        return ExitCodes.Done;
    }
}
