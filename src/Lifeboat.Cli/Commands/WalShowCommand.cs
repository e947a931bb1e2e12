using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Cli.Targets;
using Lifeboat.Engine.Wal.Show;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Cli.Commands;

internal static class WalShowCommand
{
    private static readonly Setting From = new("from", "LSN", "The first record that begins here or behind it");

    private static readonly Setting To = new(
        "to", "LSN", "Records that end here or before it; without it, all that follows without a gap");

    private static readonly Setting ShownTimeline = new(
        "timeline", "N", "The timeline along which --from and --to lie; without it, the newest that is archived");

    private static readonly Setting Summary = Setting.Flag(
        "summary", "For each segment what it holds in numbers, instead of its records");

    public static readonly CommandSpec Spec = new(
        "wal show",
        "Show the records of archived WAL",
        [new CommandArgument("SEGMENT", "The segment's name; or give --from and --to") { IsOptional = true }],
        [From, To, ShownTimeline, LineageSetting.Lineage, Summary],
        [
            new(
                "lifeboat wal show 000000010000000000000003 --repository /backup/lifeboat",
                "Every record that begins and ends in this segment"),
            new(
                "lifeboat wal show --from 0/3000028 --to 0/3000A00 --repository /backup/lifeboat --output json",
                "The records of a stretch, one JSON object a line"),
            new(
                "lifeboat wal show 000000010000000000000003 --summary --repository /backup/lifeboat",
                "How many records of which kind, commits, times, and blocks of which relations"),
        ],
        RunAsync)
    {
        Details = "Names, lengths and block references are those that pg_waldump prints; so is the choice of records: those "
            + "that begin and end within what was asked for.",
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var settings = context.Settings;
        var file = context.Arguments.Count > 0 ? context.Arguments[0] : null;
        var from = settings.Lsn(From);
        var to = settings.Lsn(To);
        var timeline = TargetSettings.ReadTimeline(settings, ShownTimeline);
        if (file is null == from is null || (file is not null && (to is not null || timeline is not null)))
        {
            throw UsageError.Of(
                "read the command line",
                "wal show",
                file is null ? "neither a segment nor a position was given" : "a segment and a stretch were given",
                "Give the name of a segment, or --from LSN and perhaps --to LSN and --timeline N.");
        }

        var cluster = await context.OpenClusterAsync(cancellationToken);
        var request = new WalShowRequest
        {
            Cluster = cluster,
            File = file,
            From = from,
            To = to,
            Timeline = timeline,
            Lineage = await LineageSetting.ReadAsync(settings, cluster, cancellationToken),
        };
        using var output = new StreamlinedOutput(context.Terminal.Out);
        var report = settings.Flag(Summary)
            ? await SummariseAsync(context, request, output.Writer, cancellationToken)
            : await RecordsAsync(context, request, output.Writer, cancellationToken);
        output.Dispose();
        if (report.Reason.Length > 0)
        {
            context.Terminal.Warn($"nothing can be read from there on, {report.Reason}");
        }
        else if (report.GoesOn is { } open && !context.Quiet)
        {
            context.Terminal.Error.WriteLine(
                $"lifeboat: the record at {open} goes on behind what was asked for: --from {open} shows it");
        }

        return ExitCodes.Done;
    }

    private static async Task<WalShowReport> RecordsAsync(
        CommandContext context, WalShowRequest request, TextWriter output, CancellationToken cancellationToken)
    {
        using var json = new WalRecordJson(output);
        return await WalShow.RunAsync(
            request,
            (WalSegmentName _, in WalRecord record) =>
            {
                if (context.Json)
                {
                    json.Print(record);
                }
                else
                {
                    WalRecordText.Print(output, record);
                }
            },
            cancellationToken);
    }

    private static async Task<WalShowReport> SummariseAsync(
        CommandContext context, WalShowRequest request, TextWriter output, CancellationToken cancellationToken)
    {
        using var json = new WalRecordJson(output);
        WalSegmentName? segment = null;
        var summary = new WalRangeSummary();
        var report = await WalShow.RunAsync(
            request,
            (WalSegmentName name, in WalRecord record) =>
            {
                if (segment is { } before && before != name)
                {
                    Print(before);
                    summary = new WalRangeSummary();
                }

                segment = name;
                summary.Take(record);
            },
            cancellationToken);
        if (segment is { } last)
        {
            Print(last);
        }

        return report;

        void Print(WalSegmentName name)
        {
            if (context.Json)
            {
                json.Print(name, summary);
            }
            else
            {
                WalRecordText.Print(output, name, summary);
            }
        }
    }
}
