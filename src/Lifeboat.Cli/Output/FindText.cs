using System.Globalization;

namespace Lifeboat.Cli.Output;

/// <summary>Found transactions for people, each with the command that brings back what was before it.</summary>
internal static class FindText
{
    private const int MostTables = 10;

    /// <param name="restore">The command line for a transaction's target.</param>
    public static void Print(TextWriter output, FindDocument found, Func<FoundTransactionDocument, string> restore)
    {
        foreach (var transaction in found.Transactions)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{Time(transaction.Time)}  {found.Event} by transaction {transaction.Xid}, committed at {transaction.Lsn}"));
            foreach (var table in transaction.Details.Take(MostTables))
            {
                output.WriteLine($"  {Describe(table, found.Event)}");
            }

            if (transaction.Details.Length > MostTables)
            {
                output.WriteLine($"  and {transaction.Details.Length - MostTables} more; --output json has all");
            }

            if (transaction.Rows is { } rows && transaction.Details.Length > 1)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  together {rows} rows"));
            }

            if (!transaction.RowsAreWhole)
            {
                output.WriteLine("  it may have begun before the WAL that was read: at least so many");
            }

            output.WriteLine(transaction.Reachable
                ? $"  just before it: {restore(transaction)}"
                : $"  just before it is {transaction.TargetLsn}, and no backup had ended by then");
            output.WriteLine();
        }

        foreach (var note in found.Notes)
        {
            output.WriteLine($"Note: {note}.");
        }

        var ranges = string.Join(", ", found.Read.Select(read => $"{read.From} to {read.To}"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{found.Transactions.Length} found in {found.Segments} segments of timeline {found.Timeline}")
            + (ranges.Length == 0 ? "" : $", {ranges}")
            + (found.LeftOut == 0 ? "." : $"; {found.LeftOut} more were left out: --limit, --min-rows, --table, --between"));
    }

    private static string Describe(FoundTableDocument table, string kind)
    {
        var rows = kind switch
        {
            "delete" => $": {Text(table.Deleted)} rows deleted",
            "update" => $": {Text(table.Updated)} rows updated",
            _ => "",
        };
        return table.Name + (table.Database.Length == 0 || table.File.Length == 0 ? "" : $" in {table.Database}") + rows;
    }

    private static string Time(DateTimeOffset? time) => time is { } known
        ? known.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff+00", CultureInfo.InvariantCulture)
        : "at an unknown time";

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
