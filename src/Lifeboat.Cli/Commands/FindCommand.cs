using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Cli.Targets;
using Lifeboat.Engine.Wal.Find;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;

namespace Lifeboat.Cli.Commands;

internal static class FindCommand
{
    private const int MostRows = int.MaxValue;
    private const int MostKept = 1_000_000;

    private static readonly Setting Event = new("event", "EVENT", "What was done: drop, truncate, delete or update")
    {
        Choices = ["drop", "truncate", "delete", "update"],
    };

    private static readonly Setting Table = new(
        "table", "TABLE", "To this table: its name, SCHEMA.NAME, or its oid; with drop also a database's name");

    private static readonly Setting Between = new(
        "between", "A B", "Committed from A to B: two times with their offset, or two WAL positions", SettingKind.Pair);

    private static readonly Setting MinRows = new(
        "min-rows", "N", "Of at least so many rows; for delete and update");

    private static readonly Setting Limit = new(
        "limit", "N", "Show at most so many: those of the most rows, of drop and truncate the newest",
        Default: "1000");

    private static readonly Setting Catalogs = Setting.Flag(
        "catalogs", "Count rows of catalogs and TOAST tables too");

    private static readonly Setting FoundTimeline = new(
        "timeline", "N", "The timeline to look along; without it, the newest that is archived");

    public static readonly CommandSpec Spec = new(
        "find",
        "Find who dropped, emptied, deleted or changed what, and the target just before it",
        [],
        [Event, Table, Between, MinRows, Limit, Catalogs, FoundTimeline, LineageSetting.Lineage],
        [
            new(
                "lifeboat find --event drop --table orders --repository /backup/lifeboat",
                "Who dropped the table orders, and the restore that has it"),
            new(
                "lifeboat find --event delete --min-rows 1000 --repository /backup/lifeboat "
                + "--between '2026-11-20 14:00+01' '2026-11-20 15:00+01'",
                "Transactions of that hour that deleted 1000 rows or more"),
            new(
                "lifeboat find --event update --table public.prices --repository /backup/lifeboat --output json",
                "The same for a program"),
        ],
        RunAsync)
    {
        Details = "Reads the archived WAL behind the oldest backup. Names come from the catalog that each backup keeps, and "
            + "from the WAL for what was made since. The target that is shown goes to restore --target-lsn as it is, "
            + "inclusive: everything before the commit is replayed, and the commit is not.",
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var settings = context.Settings;
        var kind = (settings.Choice(Event) ?? throw SettingReading.Missing(Event)) switch
        {
            "drop" => WalEvent.Drop,
            "truncate" => WalEvent.Truncate,
            "delete" => WalEvent.Delete,
            _ => WalEvent.Update,
        };
        var least = settings.Integer(MinRows, 1, MostRows);
        if (least is not null && kind is WalEvent.Drop or WalEvent.Truncate)
        {
            throw UsageError.Of(
                "read the options",
                settings.Find(MinRows)!.Source,
                "a drop or a truncation removes files, and the WAL does not say how many rows were in them",
                $"Leave {MinRows.Option} away.");
        }

        var (from, to) = ReadBetween(settings, context.Time.LocalTimeZone);
        var timeline = TargetSettings.ReadTimeline(settings, FoundTimeline);
        var limit = settings.Integer(Limit, 1, MostKept)!.Value;
        var cluster = await context.OpenClusterAsync(cancellationToken);
        var lineage = await LineageSetting.ReadAsync(settings, cluster, cancellationToken);
        using var display = new ActivityDisplay(context.Terminal, context.Time, context.Quiet, context.Json);
        var report = await WalFind.RunAsync(
            new WalFindRequest
            {
                Cluster = cluster,
                Event = kind,
                Table = settings.Text(Table),
                From = from,
                To = to,
                LeastRows = least ?? 1,
                Limit = limit,
                Catalogs = settings.Flag(Catalogs),
                Timeline = timeline,
                Lineage = lineage,
            },
            display,
            cancellationToken);
        display.Dispose();
        var document = FindDocument.Of(kind, report);
        if (context.Json)
        {
            Documents.Print(context.Terminal, document, CliJson.Default.FindDocument);
        }
        else
        {
            FindText.Print(
                context.Terminal.Out,
                document,
                found => RestoreCommandLine.ForTarget(settings, Words(found, settings, document)));
        }

        return ExitCodes.Done;
    }

    private static IEnumerable<string> Words(
        FoundTransactionDocument found, Settings settings, FindDocument document)
    {
        yield return $"{TargetSettings.TargetLsn.Option} {found.TargetLsn}";
        yield return $"{TargetSettings.TargetTimeline.Option} {found.TargetTimeline}";
        if (settings.IsGiven(LineageSetting.Lineage))
        {
            yield return $"{LineageSetting.Lineage.Option} {document.Lineage}";
        }
    }

    private static (FindBound? From, FindBound? To) ReadBetween(Settings settings, TimeZoneInfo local)
    {
        if (settings.Find(Between) is not { } value)
        {
            return (null, null);
        }

        if (value.Texts.Count != 2)
        {
            throw SettingReading.Wrong(value, "it needs two values", "Give two times, or two WAL positions.");
        }

        var (from, to) = (Bound(value, value.Texts[0], local), Bound(value, value.Texts[1], local));
        return from.Lsn > to.Lsn || from.Time > to.Time
            ? throw SettingReading.Wrong(value, "the second lies before the first", "Give the earlier one first.")
            : ((FindBound?, FindBound?))(from, to);
    }

    private static FindBound Bound(SettingValue value, string text, TimeZoneInfo local)
    {
        if (Lsn.TryParse(text, out var lsn))
        {
            return new FindBound(lsn, null);
        }

        var (time, cause, hint) = TargetTime.Parse(text, local);
        return time is null
            ? throw SettingReading.Wrong(value with { Texts = [text] }, cause, hint)
            : new FindBound(null, time);
    }
}
