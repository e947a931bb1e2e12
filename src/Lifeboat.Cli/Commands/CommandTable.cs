namespace Lifeboat.Cli.Commands;

/// <summary>Every command, in the order of the help.</summary>
internal static class CommandTable
{
    public static readonly IReadOnlyList<CommandSpec> All =
    [
        InitCommand.Spec,
        BackupCommand.Spec,
        ListCommand.Spec,
        ShowCommand.Spec,
        StatusCommand.Spec,
        RestoreCommand.Spec,
        PruneCommand.Spec,
        ExpireCommand.Spec,
        CollectCommand.Spec,
        PinCommand.Spec,
        UnpinCommand.Spec,
        TagCommand.Spec,
        AnnotateCommand.Spec,
        FindCommand.Spec,
        WalPushCommand.Spec,
        WalFetchCommand.Spec,
        WalShowCommand.Spec,
        WalReceiveCommand.Spec,
        ServeCommand.Spec,
        CheckCommand.Spec,
        LockRenewCommand.Spec,
        RepairIndexCommand.Spec,
        AdoptCommand.Spec,
        VersionCommand.Spec,
    ];

    /// <summary>What the words that only group commands mean.</summary>
    public static readonly IReadOnlyDictionary<string, string> Groups =
        new Dictionary<string, string>(StringComparer.Ordinal)
    {
            ["wal"] = "Archive WAL, bring it back, stream it, and look into it",
        ["lock"] = "Keep what is stored from being deleted",
        ["repair"] = "Make anew what can be made from the rest of the repository",
    };
}
