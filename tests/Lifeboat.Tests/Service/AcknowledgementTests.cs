using Lifeboat.Engine.Lineages;
using Lifeboat.Engine.Wal.Service;
using Lifeboat.Platform.Files;
using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage.Local;
using Xunit;

namespace Lifeboat.Tests.Service;

/// <summary>
/// docs/decisions/0013: an acknowledgement is believed while it is true, and never longer. Every case is tried by the
/// machine's shells and by the program.
/// </summary>
public sealed class AcknowledgementTests
{
    private static readonly (string Name, byte[] Content)[] Wal = [.. ServiceScenario.Segments(3)];

    private static string First => Wal[0].Name;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_segment_is_believed_to_be_archived_when_it_is_durable_and_as_it_was_pushed()
    {
        using var scenario = await ServiceScenario.NewAsync();
        using var running = await AcknowledgedAsync(scenario);

        AssertBelieved(scenario);

        var item = Assert.Single(await WalStore.FindAsync(
            scenario.Cluster, scenario.Cluster.FirstLineage, First, Token));
        Assert.Equal(Wal[0].Content, (await WalStore.ReadAsync(scenario.Cluster, item, Token)).Content);
    }

    [Fact]
    public async Task Other_content_under_the_same_name_is_not_believed()
    {
        using var scenario = await ServiceScenario.NewAsync();
        using var running = await AcknowledgedAsync(scenario);

        scenario.Archive.Write($"{scenario.Server}/pg_wal/{First}", Wal[1].Content);

        AssertNotBelieved(scenario);
    }

    [Fact]
    public async Task Content_that_was_changed_in_place_is_not_believed()
    {
        using var scenario = await ServiceScenario.NewAsync();
        using var running = await AcknowledgedAsync(scenario);

        using (var file = scenario.Files.OpenWrite($"{scenario.Server}/pg_wal/{First}"))
        {
            file.Write([1], 500_000);
            file.Close();
        }

        AssertNotBelieved(scenario);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(-20)]
    public async Task Content_that_was_changed_in_place_with_another_time_put_on_it_is_not_believed(double age)
    {
        using var scenario = await ServiceScenario.NewAsync();
        using var running = await AcknowledgedAsync(scenario);

        using (var file = scenario.Files.OpenWrite($"{scenario.Server}/pg_wal/{First}"))
        {
            file.Write([1], 500_000);
            file.Close();
        }

        scenario.Age($"{scenario.Server}/pg_wal/{First}", age);

        AssertNotBelieved(scenario);
    }

    [Fact]
    public async Task A_recycled_segment_is_believed_under_neither_name()
    {
        using var scenario = await ServiceScenario.NewAsync();
        using var running = await AcknowledgedAsync(scenario);

        scenario.Files.Rename($"{scenario.Server}/pg_wal/{First}", $"{scenario.Server}/pg_wal/{Wal[2].Name}");

        AssertNotBelieved(scenario);
        AssertNotBelieved(scenario, name: Wal[2].Name);
    }

    [Fact]
    public async Task A_clone_that_keeps_links_and_times_is_not_believed_while_its_source_is()
    {
        using var scenario = await ServiceScenario.NewAsync();
        using var running = await AcknowledgedAsync(scenario);

        scenario.Run($"cp -a '{scenario.Server}' '{scenario.Scratch}/clone'");

        AssertNotBelieved(scenario, server: $"{scenario.Scratch}/clone");
        AssertBelieved(scenario);
    }

    [Fact]
    public async Task A_data_directory_restored_in_place_is_not_believed()
    {
        using var scenario = await ServiceScenario.NewAsync();
        using var running = await AcknowledgedAsync(scenario);

        // With what the service showed and without it; the second is what a restore leaves.
        scenario.Run($"cp -a '{scenario.Server}' '{scenario.Scratch}/b'; rm -rf '{scenario.Server}';"
            + $" cp -a '{scenario.Scratch}/b' '{scenario.Server}'");
        AssertNotBelieved(scenario);
        Assert.False(running.Session.IsCurrent());
        scenario.Run($"rm -rf '{scenario.Places.Folder}'");
        AssertNotBelieved(scenario);
    }

    [Fact]
    public async Task A_lineage_that_was_changed_is_not_believed_and_ends_the_session()
    {
        using var scenario = await ServiceScenario.NewAsync();
        using var running = await AcknowledgedAsync(scenario);

        await Adoption.AsNewAsync(scenario.Cluster, scenario.Files, scenario.Server, TimeProvider.System, Token);

        AssertNotBelieved(scenario);
        Assert.False(running.Session.IsCurrent());
    }

    [Fact]
    public async Task A_lineage_whose_marker_is_gone_or_another_one_is_not_believed()
    {
        using var scenario = await ServiceScenario.NewAsync();
        await Adoption.AsNewAsync(scenario.Cluster, scenario.Files, scenario.Server, TimeProvider.System, Token);
        using var running = await AcknowledgedAsync(scenario);
        var marker = $"{scenario.Server}/{LineageMarker.FileName}";

        scenario.Files.Rename(marker, marker + ".away");
        AssertNotBelieved(scenario);
        scenario.Run($"cp -a '{marker}.away' '{marker}'");
        AssertNotBelieved(scenario);
        scenario.Files.Delete(marker);
        scenario.Files.Rename(marker + ".away", marker);
        AssertBelieved(scenario);
    }

    [Fact]
    public async Task An_object_that_is_gone_is_not_believed()
    {
        using var scenario = await ServiceScenario.NewAsync();
        using var running = await AcknowledgedAsync(scenario);

        await scenario.Archive.DeleteAsync(First);

        AssertNotBelieved(scenario);
    }

    [Fact]
    public async Task A_repository_that_is_away_empty_or_another_one_is_not_believed()
    {
        using var scenario = await ServiceScenario.NewAsync();
        using var running = await AcknowledgedAsync(scenario);
        var repository = scenario.Repository;

        scenario.Run($"mv '{repository}' '{repository}.away'");
        AssertNotBelieved(scenario);
        scenario.Run($"mkdir '{repository}'");
        AssertNotBelieved(scenario);

        // The same objects under the same names, in another repository: its keys need not be theirs.
        scenario.Run($"rmdir '{repository}'; cp -a '{repository}.away' '{repository}'");
        AssertNotBelieved(scenario);
        Assert.False(running.Session.IsCurrent());
        scenario.Run($"rm -rf '{repository}'; mv '{repository}.away' '{repository}'");
        AssertBelieved(scenario);
    }

    [Fact]
    public async Task A_repository_made_anew_in_the_place_of_the_one_that_was_opened_gets_nothing_that_is_believed()
    {
        using var scenario = await ServiceScenario.NewAsync();
        using var running = await scenario.BeginAsync();
        scenario.Run($"rm -rf '{scenario.Repository}'");
        var store = LocalObjectStore.Create(scenario.Files, scenario.Repository);
        var (repository, _) = await RepositoryRoot.InitAsync(store, secret: null, TimeProvider.System, Token);
        await Cluster.CreateAsync(repository, "main", Token);
        scenario.MakeReady(First, Wal[0].Content);

        running.Start();
        await running.Loops.WaitAsync(Token);

        Assert.False(running.Session.IsCurrent());
        Assert.Equal(0, running.Shown.Count);
        AssertNotBelieved(scenario);
    }

    [Fact]
    public async Task Another_repository_or_cluster_in_the_command_is_not_believed()
    {
        using var scenario = await ServiceScenario.NewAsync();
        using var running = await AcknowledgedAsync(scenario);
        scenario.Run($"cp -a '{scenario.Repository}' '{scenario.Scratch}/other'");

        AssertNotBelieved(scenario, repository: $"{scenario.Scratch}/other");
        AssertNotBelieved(scenario, repository: $"{scenario.Scratch}/none");
        AssertNotBelieved(scenario, cluster: "other");
    }

    [Fact]
    public async Task What_a_killed_service_left_is_not_believed_and_its_successor_removes_it()
    {
        using var scenario = await ServiceScenario.NewAsync();
        using (await AcknowledgedAsync(scenario))
        {
            // As a killed one leaves it: links to the files of a process that is no more, or of another one.
            scenario.Run($"cp -a '{scenario.Places.Folder}' '{scenario.Scratch}/left'");
        }

        foreach (var process in new[] { "4194305", "1" })
        {
            scenario.Run($"rm -rf '{scenario.Places.Folder}'; cp -a '{scenario.Scratch}/left' '{scenario.Places.Folder}';"
                + $" cd '{scenario.Places.Folder}'; for l in lineage repository push-main/{First}; do"
                + $" t=$(readlink $l | sed 's,/proc/[0-9]*/,/proc/{process}/,'); ln -sfn $t $l; done");
            AssertNotBelieved(scenario);
        }

        // The same process number, and the same numbers of open files, but a session that has acknowledged nothing.
        scenario.Run($"rm -rf '{scenario.Places.Folder}'; cp -a '{scenario.Scratch}/left' '{scenario.Places.Folder}'");
        scenario.Files.Delete($"{scenario.Places.ArchiveStatus}/{First}.ready");
        using var successor = await scenario.BeginAsync();
        AssertNotBelieved(scenario);
        Assert.Empty(scenario.Files.List(scenario.Places.Acknowledgements));
    }

    [Fact]
    public async Task After_a_stop_nothing_is_believed_and_nothing_is_left()
    {
        using var scenario = await ServiceScenario.NewAsync();
        using (await AcknowledgedAsync(scenario))
        {
        }

        AssertNotBelieved(scenario);
        Assert.Equal(["lock"], scenario.Files.List(scenario.Places.Folder).Select(entry => entry.Name));
    }

    [Fact]
    public async Task Between_the_steps_of_showing_and_of_withdrawing_nothing_is_believed()
    {
        using var scenario = await ServiceScenario.NewAsync();
        var steps = new Steps(scenario);
        using (var running = await scenario.BeginAsync(steps))
        {
            scenario.MakeReady(First, Wal[0].Content);
            running.Start();
            await running.UntilAsync(() => running.Shown.Count == 1);
            Assert.Equal(0, scenario.Push(First));
            Assert.All(steps.Answers, answer => Assert.Equal(ServiceScenario.NotBelieved, answer));
            Assert.True(steps.Answers.Count >= 4);
            steps.Answers.Clear();
        }

        // Before its first step it still holds, and it is still true; after that it never does.
        Assert.True(steps.Answers.Count >= 4);
        Assert.All(steps.Answers.Skip(1), answer => Assert.Equal(ServiceScenario.NotBelieved, answer));
    }

    [Fact]
    public async Task What_the_server_has_marked_as_archived_is_withdrawn()
    {
        using var scenario = await ServiceScenario.NewAsync();
        using var running = await AcknowledgedAsync(scenario);

        var status = $"{scenario.Server}/pg_wal/archive_status/{First}";
        scenario.Files.Rename(status + ".ready", status + ".done");
        await running.UntilAsync(() => running.Shown.Count == 0);

        AssertNotBelieved(scenario);
        Assert.Empty(scenario.Files.List(scenario.Places.Acknowledgements));
    }

    [Fact]
    public async Task A_segment_that_changes_while_it_is_pushed_is_not_acknowledged()
    {
        using var scenario = await ServiceScenario.NewAsync();
        var changing = new Changing(scenario.Files, $"{scenario.Server}/pg_wal/{First}");
        using var running = await scenario.BeginAsync(changing);
        scenario.MakeReady(First, Wal[0].Content);

        running.Start();
        await running.UntilAsync(() => running.Push.Health().Pushed > 0);

        Assert.Equal(0, running.Shown.Count);
        AssertNotBelieved(scenario);
    }

    [Fact]
    public async Task A_segment_whose_time_of_change_lies_in_the_future_is_not_acknowledged()
    {
        using var scenario = await ServiceScenario.NewAsync();
        using var running = await scenario.BeginAsync();
        scenario.MakeReady(First, Wal[0].Content);
        scenario.Age($"{scenario.Server}/pg_wal/{First}", -3600);

        running.Start();
        await running.UntilAsync(() => running.Push.Health().Pushed > 0);

        Assert.Equal(0, running.Shown.Count);
        Assert.Equal(PushState.None, running.Push.StateOf(First));
    }

    private static async Task<ServiceScenario.Running> AcknowledgedAsync(ServiceScenario scenario)
    {
        var running = await scenario.BeginAsync();
        scenario.MakeReady(First, Wal[0].Content);
        running.Start();
        await running.UntilAsync(() => running.Shown.Count == 1);
        AssertBelieved(scenario);
        return running;
    }

    private static void AssertBelieved(ServiceScenario scenario)
    {
        Assert.Equal(0, scenario.Push(First));
        Assert.True(scenario.Evidence().IsArchived(First));
    }

    private static void AssertNotBelieved(
        ServiceScenario scenario,
        string? name = null,
        string? server = null,
        string? repository = null,
        string cluster = "main")
    {
        Assert.Equal(ServiceScenario.NotBelieved, scenario.Push(name ?? First, server, repository, cluster));
        Assert.False(scenario.Evidence(server, repository, cluster).IsArchived(name ?? First));
    }

    /// <summary>Asks the shell before each change in the folder of acknowledgements.</summary>
    private sealed class Steps(ServiceScenario scenario) : ForwardingFileSystem(scenario.Files)
    {
        internal List<int> Answers { get; } = [];

        public override IFile Create(string path, int mode = 0x180)
        {
            Ask(path);
            return Inner.Create(path, mode);
        }

        public override void CreateSymbolicLink(string target, string path)
        {
            Ask(path);
            Inner.CreateSymbolicLink(target, path);
        }

        public override void SetModifiedTime(string path, long modifiedNs)
        {
            Ask(path);
            Inner.SetModifiedTime(path, modifiedNs);
        }

        public override void Delete(string path)
        {
            Ask(path);
            Inner.Delete(path);
        }

        private void Ask(string path)
        {
            if (path.Contains("/push-main/", StringComparison.Ordinal))
            {
                Answers.Add(scenario.Push(First));
            }
        }
    }

    /// <summary>Changes a file right after it was read.</summary>
    private sealed class Changing(IFileSystem inner, string path) : ForwardingFileSystem(inner)
    {
        public override IFile OpenRead(string opened) =>
            opened == path ? new ChangingFile(Inner, Inner.OpenRead(opened)) : Inner.OpenRead(opened);

        private sealed class ChangingFile(IFileSystem files, IFile inner) : ForwardingFile(inner)
        {
            public override int Read(Span<byte> buffer, long offset)
            {
                var read = Inner.Read(buffer, offset);
                using var file = files.OpenWrite(Path);
                file.Write([7], 500_000);
                file.Close();
                return read;
            }
        }
    }
}
