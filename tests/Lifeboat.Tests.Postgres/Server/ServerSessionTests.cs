using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Server;
using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Server;

public sealed class ServerSessionTests
{
    private static readonly ClientEnvironment s_bare =
        new(_ => null, PosixFileSystem.Instance, "postgres", "/nonexistent");

    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task The_facts_are_what_the_server_and_its_control_file_say(int major)
    {
        var options = new PostgresOptions
        {
            WalSegmentMegabytes = 4,
            ArchiveCommand = "true",
            Settings = new Dictionary<string, string> { ["full_page_writes"] = "off" },
        };
        await using var server = await PostgresServer.CreateAsync(major, options);
        var included = Path.Combine(server.DataDirectory, "more.conf");
        await File.WriteAllTextAsync(included, "work_mem = '5MB'\n");
        PostgresUser.Own(included);
        await File.AppendAllTextAsync(Path.Combine(server.DataDirectory, "postgresql.conf"), "include 'more.conf'\n");
        await server.StartAsync();
        await using var session = await ServerSession.OpenAsync(Info(server), default);

        var facts = await ServerFacts.ReadAsync(session, default);

        var control = (await server.RunAsync("pg_controldata", server.DataDirectory)).Expect().Output;
        Assert.Contains($"{facts.SystemIdentifier}\n", control, StringComparison.Ordinal);
        Assert.Equal(major, facts.Major);
        Assert.Equal(Timeline.First, facts.Timeline);
        Assert.Equal(server.Port, facts.Port);
        Assert.Equal(server.DataDirectory, facts.DataDirectory);
        Assert.Equal(Path.Combine(server.DataDirectory, "pg_hba.conf"), facts.HbaFile);
        Assert.Equal(new WalSegmentSize(4 << 20), facts.WalSegmentSize);
        Assert.Equal(
            (8192, true, false, false),
            (facts.BlockSize, facts.DataChecksums, facts.FullPageWrites, facts.InRecovery));
        Assert.Equal(("replica", "on", "true", ""),
            (facts.WalLevel, facts.ArchiveMode, facts.ArchiveCommand, facts.ArchiveLibrary));
        Assert.Contains(included, facts.ConfigurationFiles!);
        Assert.Contains(facts.IdentFile!, facts.ConfigurationFiles!);
    }

    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task Nothing_that_a_role_has_configured_changes_what_a_session_does(int major)
    {
        await using var server = await PostgresServer.StartNewAsync(major);
        await server.ExecuteAsync(
            """
            CREATE SCHEMA evil;
            CREATE TABLE evil.pg_settings (name text, setting text);
            ALTER ROLE postgres SET search_path = evil, pg_catalog;
            ALTER ROLE postgres SET statement_timeout = '1ms';
            ALTER ROLE postgres SET idle_in_transaction_session_timeout = '1ms';
            """);
        await using var session = await ServerSession.OpenAsync(Info(server), default);

        var settings = await session.SingleAsync(
            "test",
            "SELECT current_setting('search_path'), current_setting('statement_timeout'),"
            + " current_setting('idle_in_transaction_session_timeout'), setting FROM pg_settings WHERE name = 'port'",
            row => (row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3)),
            default);

        Assert.Equal(("", "0", "0", $"{server.Port}"), settings);
    }

    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task A_role_without_rights_gets_the_facts_it_may_see_and_a_refusal_that_names_the_grant(int major)
    {
        await using var server = await PostgresServer.StartNewAsync(major);
        await server.ExecuteAsync("CREATE ROLE poor LOGIN");
        await using var session = await ServerSession.OpenAsync(Info(server, user: "poor"), default);

        var facts = await ServerFacts.ReadAsync(session, default);
        Assert.Equal((null, null, null), (facts.DataDirectory, facts.ConfigFile, facts.ConfigurationFiles));
        Assert.Equal(major, facts.Major);

        var hold = await WalHold.TryTakeAsync(session, "poor", default);
        Assert.False(hold.IsHeld);
        Assert.NotEmpty(hold.Reason);

        var error = await Assert.ThrowsAsync<LifeboatException>(
            () => BackupSession.StartAsync(session, "x", true, default));
        Assert.Equal(ErrorCode.Denied, error.Code);
        Assert.Contains(major >= 15 ? "pg_backup_start" : "pg_start_backup", error.Message, StringComparison.Ordinal);
        Assert.Contains("GRANT EXECUTE", error.Failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable_and_may_come_back()
    {
        await using var server = await PostgresServer.StartNewAsync(15);
        var info = Info(server);
        await server.StopAsync();

        var error = await Assert.ThrowsAsync<LifeboatException>(() => ServerSession.OpenAsync(info, default));

        Assert.Equal((ErrorCode.ServerUnavailable, true), (error.Code, error.Failure.Transient));
        Assert.Contains($"{server.Port}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_is_denied_without_being_repeated()
    {
        const string Rules = "local all postgres trust\n"
            + "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
        await using var server = await PostgresServer.StartNewAsync(
            17, new PostgresOptions { HostBasedAuthentication = Rules });
        await server.ExecuteAsync("CREATE ROLE ann LOGIN PASSWORD 'right-9d2'");
        var where = $"host=127.0.0.1 port={server.Port} user=ann ";

        await using (var session = await ServerSession.OpenAsync(Parse(where + "password=right-9d2"), default))
        {
            Assert.Equal(17, session.Major);
        }

        var wrong = await Assert.ThrowsAsync<LifeboatException>(
            () => ServerSession.OpenAsync(Parse(where + "password=canary-7f3a"), default));
        Assert.Equal(ErrorCode.Denied, wrong.Code);
        Assert.DoesNotContain("canary-7f3a", $"{wrong} {wrong.Failure}", StringComparison.Ordinal);

        var none = await Assert.ThrowsAsync<LifeboatException>(() => ServerSession.OpenAsync(Parse(where), default));
        Assert.Equal(ErrorCode.Denied, none.Code);
        Assert.Contains(".pgpass", none.Failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_does_not_exist_is_not_found()
    {
        await using var server = await PostgresServer.StartNewAsync(13);

        var error = await Assert.ThrowsAsync<LifeboatException>(
            () => ServerSession.OpenAsync(Info(server).WithDatabase("nowhere"), default));

        Assert.Equal(ErrorCode.NotFound, error.Code);
    }

    [Fact]
    public async Task Of_several_addresses_the_first_that_is_of_the_kind_asked_for_is_taken()
    {
        using var folder = new TemporaryFolder();
        var copy = folder.CreateForPostgres("standby");
        await using var primary = await PostgresServer.StartNewAsync(18);
        (await primary.RunAsync("pg_basebackup", "-D", copy, "-R", "-c", "fast")).Expect();
        await using var standby = PostgresServer.Over(18, copy);
        await standby.StartAsync();
        using var unused = new TemporaryFolder();
        var text = $"host={unused.Root},{primary.SocketFolder},{standby.SocketFolder}"
            + $" port=1,{primary.Port},{standby.Port} user=postgres target_session_attrs=";

        Assert.Equal(primary.Port, await PortOfAsync(text + "any"));
        Assert.Equal(primary.Port, await PortOfAsync(text + "read-write"));
        Assert.Equal(standby.Port, await PortOfAsync(text + "standby"));
        Assert.Equal(standby.Port, await PortOfAsync(text + "read-only"));
        await standby.StopAsync();
        Assert.Equal(primary.Port, await PortOfAsync(text + "prefer-standby"));
    }

    [Fact]
    public async Task The_facts_of_a_standby_follow_it_through_its_promotion()
    {
        using var folder = new TemporaryFolder();
        var copy = folder.CreateForPostgres("standby");
        await using var primary = await PostgresServer.StartNewAsync(13);
        (await primary.RunAsync("pg_basebackup", "-D", copy, "-R", "-c", "fast")).Expect();
        await using var standby = PostgresServer.Over(13, copy);
        await standby.StartAsync();
        await using var session = await ServerSession.OpenAsync(Info(standby), default);

        var before = await ServerFacts.ReadAsync(session, default);
        Assert.Equal((true, Timeline.First), (before.InRecovery, before.Timeline));

        await standby.ExecuteAsync("SELECT pg_promote()");
        var after = await ServerFacts.ReadAsync(session, default);
        Assert.Equal((false, new Timeline(2)), (after.InRecovery, after.Timeline));
        Assert.Equal(before.SystemIdentifier, after.SystemIdentifier);
    }

    internal static ConnInfo Info(PostgresServer server, string user = "postgres") =>
        Parse(server.ConnInfo(user: user));

    private static ConnInfo Parse(string text) => ConnInfo.Parse(text, s_bare);

    private static async Task<int> PortOfAsync(string text)
    {
        await using var session = await ServerSession.OpenAsync(Parse(text), default);
        return (await ServerFacts.ReadAsync(session, default)).Port;
    }
}
