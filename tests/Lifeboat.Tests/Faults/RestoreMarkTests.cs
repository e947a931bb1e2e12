using Lifeboat.Engine.Restore;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Testing.Files;
using Xunit;

namespace Lifeboat.Tests.Faults;

/// <summary>What a mark allows a restore to remove, and what it does not.</summary>
public sealed class RestoreMarkTests : IDisposable
{
    private static readonly IFileSystem s_files = PosixFileSystem.Instance;

    private readonly ScratchDirectory _scratch = ScratchDirectory.InMemory();

    private string Root => _scratch.Combine("data");

    private string Space => _scratch.Combine("space");

    [Fact]
    public void An_interrupted_restore_is_emptied_with_its_tablespaces_and_begun_again()
    {
        Begin();
        Write(Root, "PG_VERSION");
        Write(Space, "PG_17");
        Begin();
        Assert.Equal(["lifeboat.restoring"], s_files.List(Root).Select(entry => entry.Name));
        Assert.Equal(["lifeboat.restoring"], s_files.List(Space).Select(entry => entry.Name));
    }

    [Fact]
    public void A_directory_without_a_mark_is_never_emptied()
    {
        s_files.CreateDirectory(Root);
        Write(Root, "somebody's");
        Refuses(Root);
    }

    [Fact]
    public void A_whole_cluster_is_taken_for_interrupted_only_until_it_was_started()
    {
        Begin();
        s_files.CreateDirectory($"{Root}/global");
        Write(Root, "global/pg_control");
        Write(Root, "backup_label");
        Assert.Equal(Root, RestoreDirectory.Check(s_files, Root, "directory"));

        // What the server does with it at its first start.
        s_files.Rename($"{Root}/backup_label", $"{Root}/backup_label.old");
        Refuses(Root);
        Refuses(Space);
    }

    [Fact]
    public void A_tablespaces_mark_alone_allows_nothing()
    {
        Begin();
        Write(Space, "PG_17");
        RestoreDirectory.End(s_files, Root);
        Refuses(Space);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/half/a/pa")]
    public void A_mark_that_was_not_written_to_its_end_marks_all_the_same(string content)
    {
        s_files.CreateDirectory(Root);
        using (var mark = s_files.Create($"{Root}/lifeboat.restoring"))
        {
            mark.Write(PosixPath.Encode(content), 0);
        }

        Assert.Equal(Root, RestoreDirectory.Check(s_files, Root, "directory"));
    }

    public void Dispose() => _scratch.Dispose();

    private void Begin()
    {
        foreach (var place in new[] { Root, Space })
        {
            RestoreDirectory.Check(s_files, place, "directory");
            RestoreDirectory.Begin(s_files, place, Root);
        }
    }

    private static void Write(string directory, string name)
    {
        using var file = s_files.Create($"{directory}/{name}");
        file.Close();
    }

    private static void Refuses(string directory) => Assert.Equal(
        ErrorCode.TargetNotEmpty,
        Assert.Throws<LifeboatException>(() => RestoreDirectory.Check(s_files, directory, "directory")).Code);
}
