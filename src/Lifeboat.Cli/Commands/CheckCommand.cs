using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository;
using Lifeboat.Repository.Check;
using Lifeboat.Repository.Check.Immutable;

namespace Lifeboat.Cli.Commands;

internal static class CheckCommand
{
    private static readonly Setting ReadData = Setting.Flag(
        "read-data", "Read and compare all contents, down to every page; without it, the structure only");

    private static readonly Setting Immutable = Setting.Flag(
        "immutable", "Attack the repository's locks with these credentials, on an object of its own, and ask for locks at random");

    /// <summary>Of each kind: a lock that lacks on a tenth of the objects is missed with a chance of 3 in 100.</summary>
    private const int LockSamples = 32;

    public static readonly CommandSpec Spec = new(
        "check",
        "Look for damage, and name every backup and point in time that it hurts",
        [],
        [ReadData, Immutable, CommonSettings.Jobs],
        [
            new("lifeboat check --repository /backup/lifeboat", "Structure of all clusters"),
            new("lifeboat check --read-data --repository /backup/lifeboat --cluster main",
                "All contents of one cluster"),
            new("lifeboat check --immutable --repository s3://locked/main",
                "Whether a writer's credentials can take anything away"),
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
        if (settings.Flag(Immutable))
        {
            return await RunImmutableAsync(context, repository, options, cancellationToken);
        }

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

    private static async Task<int> RunImmutableAsync(
        CommandContext context, RepositoryRoot repository, CheckOptions options, CancellationToken cancellationToken)
    {
        if (options.ReadData)
        {
            throw UsageError.Of(
                "read the options", Immutable.Option, "it is a check of its own", "Run the two checks one after the other.");
        }

        var report = await ImmutabilityCheck.RunAsync(repository, options.Cluster, LockSamples, cancellationToken);
        foreach (var warning in report.Warnings)
        {
            context.Terminal.Warn(warning);
        }

        var document = ImmutableDocument.Of(LockDocument.Of(repository), report);
        if (context.Json)
        {
            Documents.Print(context.Terminal, document, CliJson.Default.ImmutableDocument);
        }
        else
        {
            LockText.Print(context.Terminal.Out, document);
        }

        return document.Immutable
            ? ExitCodes.Done
            : throw new LifeboatException(new Failure(
                ErrorCode.NotImmutable,
                "check that nothing can be taken away",
                repository.Store.Location,
                $"{report.Findings.Count} findings; the first: {report.Findings[0]}",
                Hint: "Locks that are too short are what 'lifeboat lock renew' is for. Where an attack went through, these "
                    + "credentials have rights that a writer must not have, or the store's lock does not hold: see "
                    + "docs/operating/immutable.md."));
    }

    /// <summary>A check counts objects where other operations count bytes.</summary>
    private sealed class CheckProgressLine(ActivityDisplay display) : IProgress<CheckProgress>
    {
        public void Report(CheckProgress value) => display.Count(value.Stage, value.Done, value.Total, value.Bytes);
    }
}
