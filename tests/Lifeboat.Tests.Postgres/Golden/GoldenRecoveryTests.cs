using Lifeboat.Testing.Golden;
using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Golden;

/// <summary>Repositories of earlier days, recovered by the server of their major with the program of today.</summary>
public sealed class GoldenRecoveryTests
{
    /// <summary>Repository, cluster.</summary>
    public static TheoryData<string, string> Clusters() =>
    [
        .. GoldenRepository.Names.SelectMany(name => new GoldenRepository(name).Expected["clusters"]!.AsObject()
            .Select(cluster => (name, cluster.Key))),
    ];

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task A_real_server_recovers_and_answers_as_its_source_did(string name, string cluster)
    {
        var golden = new GoldenRepository(name);
        using var folder = new TemporaryFolder();
        var place = folder.CreateForPostgres("golden");
        golden.Unpack(place);
        PostgresUser.Own(place);
        var said = golden.Expected["clusters"]![cluster]!;
        var major = (int)said["major"]!;
        var environment = golden.Variables.ToDictionary(variable => variable.Key, variable => (string?)variable.Value);
        string[] at = ["--repository", Path.Combine(place, "repository"), "--cluster", cluster, .. golden.SecretOptions];
        var to = Path.Combine(folder.CreateForPostgres("restored"), "data");
        var target = said["recovery"]!["target"]!.AsArray().Select(word => (string)word!);
        (await RunningProgram.RunAsync(LifeboatProgram.With(
            ["restore", "--to", to, "--tablespace-root", to + ".spaces", .. target, .. at]) with
        {
            AsPostgres = true,
            Environment = environment,
        })).Expect();
        await Judges.VerifyBackupAsync(major, to);

        await using var server = PostgresServer.Over(major, to, new PostgresOptions { Environment = environment });
        await server.StartAsync();
        await server.WaitUntilPromotedAsync();

        Assert.Equal((string)said["recovery"]!["answer"]!, await server.ScalarAsync<string>((string)said["recovery"]!["query"]!));
        await Judges.AmCheckAsync(server);
        await server.StopAsync();
        if (name != "passphrase" || cluster != "old")
        {
            await Judges.ChecksumsAsync(major, to);
        }
    }
}
