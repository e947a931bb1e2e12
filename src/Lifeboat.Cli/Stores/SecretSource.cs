using System.Text;
using Lifeboat.Cli.Options;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Keys;

namespace Lifeboat.Cli.Stores;

/// <summary>
/// Which secret opens the repository: a key file, a passphrase file or the passphrase in the environment.
/// </summary>
internal static class SecretSource
{
    /// <summary>Null when none was given.</summary>
    /// <remarks>
    /// Given in several ways, the one from the stronger origin counts (command line, environment, configuration); two
    /// of
    /// one origin are refused rather than guessed between.
    /// </remarks>
    public static RepositorySecret? Read(Settings settings, IFileSystem files)
    {
        var keyFile = settings.Find(GlobalSettings.KeyFile);
        var passphraseFile = settings.Find(GlobalSettings.PassphraseFile);
        var variable = settings.Variable(GlobalSettings.PassphraseVariable);
        var strongest = Stronger(Stronger(keyFile?.Origin, passphraseFile?.Origin), variable is null
            ? null
            : SettingOrigin.Environment);
        if (strongest is null)
        {
            return null;
        }

        var chosen = new List<string>(3);
        AddIf(keyFile?.Origin == strongest, GlobalSettings.KeyFile.Option);
        AddIf(passphraseFile?.Origin == strongest, GlobalSettings.PassphraseFile.Option);
        AddIf(variable is not null && strongest == SettingOrigin.Environment, GlobalSettings.PassphraseVariable);
        if (chosen.Count > 1)
        {
            throw UsageError.Of(
                "choose the secret of the repository",
                string.Join(" and ", chosen),
                "more than one was given in the same way",
                "Give the one that opens the repository.");
        }

        return chosen[0] == GlobalSettings.KeyFile.Option
            ? ReadKeyFile(files, settings.Path(GlobalSettings.KeyFile)!)
            : chosen[0] == GlobalSettings.PassphraseFile.Option
                ? ReadPassphraseFile(files, settings.Path(GlobalSettings.PassphraseFile)!)
            : new PassphraseSecret(variable!);

        void AddIf(bool counts, string which)
        {
            if (counts)
            {
                chosen.Add(which);
            }
        }
    }

    private static SettingOrigin? Stronger(SettingOrigin? one, SettingOrigin? other) =>
        one is null || other > one ? other : one;

    /// <summary>Whether the key file is the secret that counts, so that <c>init</c> may make it.</summary>
    public static string? KeyFilePath(Settings settings)
    {
        var keyFile = settings.Find(GlobalSettings.KeyFile);
        return keyFile is not null
            && !(settings.Find(GlobalSettings.PassphraseFile)?.Origin >= keyFile.Origin)
            && (keyFile.Origin == SettingOrigin.CommandLine
                || settings.Variable(GlobalSettings.PassphraseVariable) is null)
            ? settings.Path(GlobalSettings.KeyFile)
            : null;
    }

    /// <summary>Whether the passphrase in the environment counts, which a server does not inherit.</summary>
    public static bool IsOnlyInEnvironment(Settings settings) =>
        settings.Variable(GlobalSettings.PassphraseVariable) is not null
        && settings.Find(GlobalSettings.KeyFile)?.Origin is not SettingOrigin.CommandLine
        && settings.Find(GlobalSettings.PassphraseFile)?.Origin is not SettingOrigin.CommandLine;

    private static KeyFileSecret ReadKeyFile(IFileSystem files, string path)
    {
        var content = PlainFile.Read(files, path);
        return content.Length >= KeyFileSecret.LeastBytes
            ? new KeyFileSecret(content)
            : throw UsageError.Of(
                "read the key file",
                PosixPath.Display(path),
                $"it has {content.Length} bytes, and a key file has at least {KeyFileSecret.LeastBytes}",
                "Check that the path is right; 'lifeboat init --key-file FILE' makes a new key for a new repository.");
    }

    private static PassphraseSecret ReadPassphraseFile(IFileSystem files, string path)
    {
        var text = Encoding.UTF8.GetString(PlainFile.Read(files, path)).TrimEnd('\n', '\r');
        return text.Length > 0
            ? new PassphraseSecret(text)
            : throw UsageError.Of(
                "read the passphrase file",
                PosixPath.Display(path),
                "it is empty",
                "Write the passphrase into it, on one line; only its owner should be able to read it.");
    }
}
