namespace Lifeboat.Engine.Wal.Service;

/// <summary>
/// The texts of <c>archive_command</c> and <c>restore_command</c> that let the server's shell believe a service, so that
/// our program is not even started: the shell takes 1 ms, a program of .NET fifty.
/// </summary>
/// <remarks>
/// <para>They are of dash, bash, busybox and their like: <c>-ef</c>, <c>-nt</c> and <c>-ot</c> of <c>test</c>. What differs
/// is a file that is missing: to dash every comparison with it is false, to bash an existing file is newer than a missing
/// one. So <c>.b</c> is looked for once more at the end.</para>
/// <para>Up to PostgreSQL 14 a command is cut at 1023 bytes once %p and %f are put in.</para>
/// </remarks>
public static class ShellCommands
{
    /// <summary>What PostgreSQL leaves room for, with a margin for what replaces %p and %f.</summary>
    public const int MostBytes = 900;

    private const string Session = "[ \"$L\" -ef $A/lineage ]&&[ \"$R\"/" + ServicePlaces.RepositoryRecord + " -ef $A/repository ]";

    private const string Beginning = "A=" + ServicePlaces.RelativeFolder + " L=lifeboat.lineage R=";

    /// <param name="repository">Its directory, absolute, as one word of a shell.</param>
    /// <param name="cluster">Its name, which needs no quotes.</param>
    /// <param name="push">The whole command that does it without a service: <c>lifeboat wal push "%p" …</c>.</param>
    public static string Archive(string repository, string cluster, string push) =>
        Beginning + repository + "; "
        // A history or a label is never acknowledged, so nobody waits for it.
        + "case %f in *.*) L=;; *) [ -e $L ]||L=$A/token; esac; "
        + "for i in 1 2 3 4 5 6 7 8 9; do "
        + Session + "||break; "
        + $"P=$A/{ServicePlaces.PushPrefix}{cluster}/%f; "
        + "[ \"%p\" -ef $P ]&&[ \"%p\" -ot $P.a ]&&[ \"%p\" -nt $P.b ]&&[ -s $P.o ]&&[ -e $P.b ]&&exit 0; "
        + "[ -e $A/failing ]&&break; sleep .04||break; done; exec "
        + push;

    /// <param name="repository">Its directory, absolute, as one word of a shell.</param>
    /// <param name="cluster">Its name, which needs no quotes.</param>
    /// <param name="fetch">The whole command that does it without a service: <c>lifeboat wal fetch %f "%p" …</c>.</param>
    public static string Restore(string repository, string cluster, string fetch) =>
        Beginning + repository + "; [ -e $L ]||L=$A/token; "
        + "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do "
        + Session + "||break; "
        + $"P=$A/{ServicePlaces.FetchPrefix}{cluster}/%f; "
        + "[ -s $P.o ]&&mv -f $P \"%p\" 2>/dev/null&&exit 0; "
        + "[ -e $P.n ]||break; sleep .02||break; done; exec "
        + fetch;
}
