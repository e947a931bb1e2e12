using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Locks;

namespace Lifeboat.Cli.Commands;

internal static class LockRenewCommand
{
    public static readonly CommandSpec Spec = new(
        "lock renew",
        "Lock everything that is needed for longer, before its locks end",
        [],
        [],
        [
            new("lifeboat lock renew --repository s3://locked/main", "All clusters, each day; cheap when nothing is due"),
            new("lifeboat lock renew --repository s3://locked/main --cluster main --output json", "One cluster, for a program"),
        ],
        RunAsync)
    {
        Details = "Time is cut into epochs of a quarter of the lock's duration, and in each the lock of every object that is not "
            + "condemned is extended once; in between a few locks are asked for, and all are extended again when one is too "
            + "short. A backup does it too when it is due. The credentials of a writer do: they need s3:PutObjectRetention, "
            + "s3:GetObjectRetention and s3:ListBucketVersions.",
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var repository = await context.OpenRepositoryAsync(cancellationToken);
        var names = context.Settings.IsGiven(GlobalSettings.Cluster)
            ? [context.ClusterName()]
            : await repository.ListClustersAsync(cancellationToken);
        var reports = new List<RenewalReport>();
        LifeboatException? failure = null;
        foreach (var name in names)
        {
            var cluster = await Cluster.OpenAsync(repository, name, cancellationToken);
            var report = await LockRenewal.RunAsync(cluster, cancellationToken);
            reports.Add(report);
            failure ??= report.Failures.Count > 0 ? LockRenewal.Failed(cluster, report) : null;
        }

        var document = new LockRenewDocument([.. reports.Select(LockRenewedCluster.Of)]);
        if (context.Json)
        {
            Documents.Print(context.Terminal, document, CliJson.Default.LockRenewDocument);
        }
        else
        {
            LockText.Print(context.Terminal.Out, document);
        }

        return failure is null ? ExitCodes.Done : throw failure;
    }
}
