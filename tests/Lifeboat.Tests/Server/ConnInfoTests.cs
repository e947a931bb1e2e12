using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Server;
using Npgsql;
using Xunit;

namespace Lifeboat.Tests.Server;

public sealed class ConnInfoTests : IDisposable
{
    private const string Secret = "canary-7f3a";

    private readonly string _home = Directory.CreateTempSubdirectory("lb-conninfo").FullName;
    private readonly Dictionary<string, string> _variables = [];

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Theory]
    [InlineData("host=db port=6000 user=ann dbname=shop")]
    [InlineData("  host = db\tport\n=6000 user='ann' dbname=  shop ")]
    [InlineData("user=ann host=other host=db port=6000 dbname=shop")]
    [InlineData("postgresql://ann@db:6000/shop")]
    [InlineData("postgres://db/shop?port=6000&user=ann")]
    [InlineData("postgresql://%61nn@d%62:6000/sho%70")]
    [InlineData("postgresql:///shop?host=db&port=6000&user=ann")]
    public void Every_way_of_writing_one_server_reaches_that_server(string text)
    {
        var info = Parse(text);

        Assert.Equal(new ServerAddress("db", 6000), Assert.Single(info.Addresses));
        Assert.Equal(("ann", "shop"), (info.User, info.Database));
    }

    [Theory]
    [InlineData(@"password='it\'s \\ here'", @"it's \ here")]
    [InlineData(@"password=a\ b\'c", "a b'c")]
    [InlineData("password='' user=x", null)]
    [InlineData("postgresql://u:p%40ss+w%3Ard@h/d", "p@ss+w:rd")]
    [InlineData("postgresql://u:a:b@h/d", "a:b")]
    [InlineData("postgresql://u@h/d?password=%26", "&")]
    public void Quotes_backslashes_and_percent_signs_are_read_as_libpq_reads_them(string text, string? password) =>
        Assert.Equal(password, Settings(Parse(text)).Password);

    [Fact]
    public void Several_hosts_have_one_port_each_or_one_for_all()
    {
        Assert.Equal(
            [new("a", 1), new("::1", 5432), new("/run/x", 3)],
            Parse("postgresql://a:1,[::1],%2Frun%2Fx:3/d").Addresses);
        Assert.Equal([new("a", 7), new("b", 7)], Parse("host=a,b port=7").Addresses);
        Assert.Equal([new("10.0.0.1", 1), new("b", 2)], Parse("host=a,b hostaddr=10.0.0.1, port=1,2").Addresses);
        Usage("host=a,b,c port=1,2");
        Usage("host=a,b hostaddr=10.0.0.1");
    }

    [Theory]
    [InlineData("hots=db")]
    [InlineData("postgresql://db/?hots=1")]
    public void An_unknown_keyword_is_a_usage_error_that_names_it(string text) =>
        Assert.Contains("\"hots\"", Usage(text), StringComparison.Ordinal);

    [Theory]
    [InlineData("host")]
    [InlineData("host=db canary-7f3a")]
    [InlineData("password='canary-7f3a")]
    [InlineData("password=canary-7f3a port=canary-7f3a")]
    [InlineData("password=canary-7f3a port=0")]
    [InlineData("password=canary-7f3a sslmode=canary-7f3a")]
    [InlineData("password=canary-7f3a connect_timeout=canary-7f3a")]
    [InlineData("password=canary-7f3a target_session_attrs=canary-7f3a")]
    [InlineData("password=canary-7f3a require_auth=canary-7f3a,")]
    [InlineData("postgresql://u:canary-7f3a%zz@h")]
    [InlineData("postgresql://u:canary-7f3a%00@h")]
    [InlineData("postgresql://u:canary-7f3a@[::1/d")]
    [InlineData("postgresql://u:canary-7f3a@[::1]x/d")]
    [InlineData("postgresql://u:canary-7f3a@h/d?sslmode")]
    public void A_text_that_makes_no_sense_is_a_usage_error_without_the_password(string text) =>
        Assert.DoesNotContain(Secret, Usage(text), StringComparison.Ordinal);

    [Fact]
    public void Neither_the_text_form_nor_the_addresses_hold_the_password()
    {
        var info = Parse($"postgresql://ann:{Secret}@db/shop?sslpassword={Secret}");

        Assert.Equal(Secret, Settings(info).Password);
        Assert.Equal("user=ann dbname=shop at db:5432", info.ToString());
    }

    [Fact]
    public void The_text_wins_over_the_service_and_the_service_over_the_environment()
    {
        Write(
            ".pg_service.conf",
            "# services\n[other]\nhost=wrong\n[shop]\nhost=service\nport=7000\ndbname=shop\n[x]\nport=1\n");
        _variables["PGSERVICE"] = "shop";
        _variables["PGHOST"] = "environment";
        _variables["PGUSER"] = "ann";

        var info = Parse("port=8000");

        Assert.Equal(new ServerAddress("service", 8000), Assert.Single(info.Addresses));
        Assert.Equal(("ann", "shop"), (info.User, info.Database));
    }

    [Fact]
    public void A_service_that_is_not_defined_is_a_usage_error()
    {
        Assert.Contains("nowhere", Usage("service=nowhere"), StringComparison.Ordinal);
        Write(".pg_service.conf", "[bad]\nhots=db\n");
        Assert.Contains("line 2", Usage("service=bad"), StringComparison.Ordinal);
        Usage($"service=bad servicefile={_home}/missing");
    }

    [Fact]
    public void Every_variable_of_the_environment_stands_in_for_its_keyword()
    {
        _variables["PGHOST"] = "db";
        _variables["PGPORT"] = "6000";
        _variables["PGUSER"] = "ann";
        _variables["PGDATABASE"] = "shop";
        _variables["PGPASSWORD"] = Secret;
        _variables["PGSSLMODE"] = "disable";
        _variables["PGAPPNAME"] = "nightly";
        _variables["PGCONNECT_TIMEOUT"] = "1";
        _variables["PGTARGETSESSIONATTRS"] = "prefer-standby";

        var info = Parse(null);

        var settings = Settings(info);
        Assert.Equal("user=ann dbname=shop at db:6000", info.ToString());
        Assert.Equal((Secret, SslMode.Disable, "nightly", 2),
            (settings.Password, settings.SslMode, settings.ApplicationName, settings.Timeout));
        Assert.Equal(TargetSession.PreferStandby, info.TargetSession);
    }

    [Fact]
    public void DATABASE_URL_counts_only_when_nothing_else_says_where()
    {
        _variables["DATABASE_URL"] = "postgres://web@url/app";

        Assert.Equal("url", Parse(null).Addresses[0].Host);
        Assert.Equal("given", Parse("host=given").Addresses[0].Host);
        _variables["PGHOST"] = "environment";
        Assert.Equal("environment", Parse("").Addresses[0].Host);
    }

    [Fact]
    public void Without_anything_the_socket_the_user_s_own_name_and_the_maintenance_database_are_taken()
    {
        var info = Parse(null);

        Assert.True(info.Addresses[0].IsSocket);
        Assert.Equal(5432, info.Addresses[0].Port);
        Assert.Equal(("osuser", "postgres"), (info.User, info.Database));
        Assert.Equal("lifeboat", Settings(info).ApplicationName);
    }

    [Theory]
    [InlineData("*:*:*:*:canary-7f3a", true)]
    [InlineData("db:6000:shop:ann:canary-7f3a", true)]
    [InlineData("db:6000:other:ann:wrong\ndb:*:shop:ann:canary-7f3a\n*:*:*:*:later", true)]
    [InlineData("#*:*:*:*:wrong\n\n*:*:*:*:canary\\-7f3a", true)]
    [InlineData("db:6001:shop:ann:wrong", false)]
    [InlineData("db:6000:shop", false)]
    public void The_first_line_of_the_password_file_that_matches_counts(string text, bool found)
    {
        Write(".pgpass", text + "\n", mode: 0b110_000_000);

        var info = Parse("host=db port=6000 user=ann dbname=shop");

        Assert.Equal(found ? Secret : null, Settings(info).Password);
        Assert.Empty(info.Warnings);
    }

    [Fact]
    public void Colons_and_backslashes_in_the_password_file_can_be_escaped()
    {
        Write(".pgpass", "db:*:a\\:b:an\\\\n:x\\:y\\\\z\n", mode: 0b110_000_000);

        Assert.Equal("x:y\\z", Settings(Parse("host=db dbname=a:b user='an\\\\n'")).Password);
    }

    [Fact]
    public void The_default_socket_goes_by_localhost_in_the_password_file()
    {
        Write(".pgpass", $"localhost:*:*:*:{Secret}\n/run/x:*:*:*:other\n", mode: 0b110_000_000);

        Assert.Equal(Secret, Settings(Parse("host=/var/run/postgresql")).Password);
        Assert.Equal("other", Settings(Parse("host=/run/x")).Password);
    }

    [Fact]
    public void A_password_file_that_others_can_read_is_not_used_and_that_is_said()
    {
        Write("open", $"*:*:*:*:{Secret}\n", mode: 0b110_100_000);
        _variables["PGPASSFILE"] = Path.Combine(_home, "open");

        var info = Parse("host=db");

        Assert.Null(Settings(info).Password);
        Assert.Contains("0600", Assert.Single(info.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Ssl_modes_mean_what_they_mean_to_libpq()
    {
        Assert.Equal(SslMode.Prefer, Settings(Parse("host=db")).SslMode);
        Assert.Equal(SslMode.Require, Settings(Parse("postgresql://db/?ssl=true")).SslMode);
        Assert.Equal(SslMode.Disable, Settings(Parse("host=/run/x sslmode=require")).SslMode);
        Assert.Contains("root certificate", Usage("host=db sslmode=verify-full"), StringComparison.Ordinal);

        Write("root.crt", "certificate");
        var required = Settings(Parse($"host=db sslmode=require sslrootcert={_home}/root.crt"));
        Assert.Equal((SslMode.VerifyCA, $"{_home}/root.crt"), (required.SslMode, required.RootCertificate));
        Assert.Equal(SslMode.VerifyFull, Settings(Parse("host=db sslrootcert=system")).SslMode);
        Usage("host=db sslrootcert=system sslmode=require");
        Usage($"host=db hostaddr=10.0.0.1 sslmode=verify-full sslrootcert={_home}/root.crt");
    }

    [Theory]
    [InlineData("gssencmode=require", "gssencmode=prefer")]
    [InlineData("requirepeer=postgres", "host=db")]
    [InlineData("sslcrl=/x", "sslcompression=0")]
    [InlineData("ssl_min_protocol_version=TLSv1.3", "ssl_min_protocol_version=TLSv1.2")]
    [InlineData("replication=true", "replication=false")]
    public void A_protection_that_cannot_be_given_is_refused_and_its_harmless_value_is_not(
        string refused, string harmless)
    {
        Usage(refused);
        Assert.Single(Parse(harmless).Addresses);
    }

    [Fact]
    public void The_name_of_another_database_is_taken_as_it_is()
    {
        var info = Parse("host=db user=ann").WithDatabase("a b' host=evil");

        Assert.Equal("a b' host=evil", Settings(info).Database);
        Assert.Equal("db", new NpgsqlConnectionStringBuilder(Settings(info).ConnectionString).Host);
    }

    private static NpgsqlConnectionStringBuilder Settings(ConnInfo info) => info.Candidates()[0].Settings;

    private ConnInfo Parse(string? text) => ConnInfo.Parse(text, new ClientEnvironment(
        name => _variables.GetValueOrDefault(name), PosixFileSystem.Instance, "osuser", _home));

    private string Usage(string text)
    {
        var error = Assert.Throws<LifeboatException>(() => Parse(text));
        Assert.Equal(ErrorCode.Usage, error.Code);
        Assert.NotEmpty(error.Failure.Hint);
        return error.ToString() + error.Failure;
    }

    private void Write(string name, string text, int mode = 0b110_100_100)
    {
        var path = Path.Combine(_home, name);
        File.WriteAllText(path, text);
        PosixFileSystem.Instance.SetMode(path, mode);
    }
}
