using System.Globalization;
using System.Text;
using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;

namespace Lifeboat.Tests.Postgres.Faults;

/// <summary>
/// An <c>archive_command</c> that kills the program it starts, with kill -9 and at given moments, until the moments are
/// used up. The server hears of it as an ordinary failure and asks again.
/// </summary>
internal sealed class KilledArchiver
{
    private const string Script = """
        #!/bin/sh
        folder=$1
        shift
        read -r turn < "$folder/turn"
        echo $((turn + 1)) > "$folder/turn"
        delay=$(sed -n "${turn}p" "$folder/delays")
        "$@" &
        program=$!
        if [ -n "$delay" ] && [ "$delay" != none ]; then
            sleep "$delay"
            kill -9 $program && echo "$delay" >> "$folder/killed"
        fi
        wait $program || exit 1
        """;

    private readonly string _folder;

    /// <param name="delays">Seconds after the start; null: this one is spared.</param>
    internal KilledArchiver(Vault vault, IEnumerable<double?> delays)
    {
        _folder = vault.Folder.CreateForPostgres("archiver");
        var lines = delays.Select(delay => delay?.ToString("0.000", CultureInfo.InvariantCulture) ?? "none");
        File.WriteAllText(Path.Combine(_folder, "delays"), string.Join('\n', lines) + "\n");
        File.WriteAllText(Path.Combine(_folder, "turn"), "1\n");
        File.WriteAllText(Path.Combine(_folder, "killed"), "");
        File.WriteAllText(Path.Combine(_folder, "push"), Script + "\n", new UTF8Encoding(false));
        PostgresUser.Own(_folder);
        Command = $"sh {_folder}/push {_folder} {vault.ArchiveCommand}";
    }

    internal string Command { get; }

    /// <summary>How many were alive when their moment came.</summary>
    internal int Killed => File.ReadAllLines(Path.Combine(_folder, "killed")).Length;
}
