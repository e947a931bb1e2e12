using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Check;

namespace Lifeboat.Cli.Commands;

internal static class CheckCommand
{
    private static readonly Setting ReadData = Setting.Flag(
        "read-data", "Read and compare all contents, down to every page; without it, the structure only");

    public static readonly CommandSpec Spec = new(
        "check",
        "Look for damage, and name every backup and point in time that it hurts",
        [],
        [ReadData, CommonSettings.Jobs],
        [
            new("lifeboat check --repository /backup/lifeboat", "Structure of all clusters"),
            new("lifeboat check --read-data --repository /backup/lifeboat --cluster main",
                "All contents of one cluster"),
        ],
        RunAsync)
    {
        Details = "Without --cluster all clusters are checked. Damage makes the command fail.",
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var settings = context.Settings;
        var options = new CheckOptions
        {
            ReadData = settings.Flag(ReadData),
            Cluster = settings.IsGiven(GlobalSettings.Cluster) ? context.ClusterName() : null,
            Jobs = CommonSettings.ReadJobs(settings),
        };
        var repository = await context.OpenRepositoryAsync(cancellationToken);
        using var display = new ActivityDisplay(context.Terminal, context.Time, context.Quiet, context.Json);
        var begun = context.Time.GetTimestamp();
        var report = await RepositoryCheck.RunAsync(
            repository, options, new CheckProgressLine(display), cancellationToken);
        var check = CheckDocument.Of(report, context.Time.GetElapsedTime(begun));
        display.Dispose();
        if (context.Json)
        {
            Documents.Print(context.Terminal, check, CliJson.Default.CheckDocument);
        }
        else
        {
            CheckText.Print(context.Terminal.Out, check);
        }

        return check.Damaged
            ? DamageExit.Report(
                context,
                "check the repository",
                check.Findings.Count(finding => finding.Severity == "damage"),
                "Keep the repository as it is, and run 'lifeboat backup --store-anew': an ordinary backup reuses what is "
                + "stored. The findings say what can still be restored.")
            : ExitCodes.Done;
    }

    /// <summary>A check counts objects where other operations count bytes.</summary>
    private sealed class CheckProgressLine(ActivityDisplay display) : IProgress<CheckProgress>
    {
        public void Report(CheckProgress value) => display.Count(value.Stage, value.Done, value.Total, value.Bytes);
    }
}
