using Lifeboat.Repository.Collect;

namespace Lifeboat.Tests.Collect;

/// <summary>One thing that the collection relies on, taken away: histories must then break a promise.</summary>
internal enum Sabotage
{
    None,

    /// <summary>Writers see no list of condemned objects at all.</summary>
    WritersIgnoreLists,

    /// <summary>Writers see nothing that was condemned or cleared since they put their manifest.</summary>
    WritersDoNotLookBehindTheManifest,

    /// <summary>Writers see nothing that was condemned since they put their completion.</summary>
    WritersDoNotLookBehindTheCompletion,

    /// <summary>To writers their lease looks renewed in time, however long they slept.</summary>
    WritersIgnoreTheirLease,

    /// <summary>As above, and lists are forgotten as soon as they are swept.</summary>
    WritersIgnoreTheirLeaseAndListsAreForgotten,

    /// <summary>What was spared by a sweep may be relied on again.</summary>
    WhatWasSparedIsUsedAgain,

    /// <summary>A manifest without a completion is taken for a backup.</summary>
    CompletionIsNotAsked,

    /// <summary>Collections see no lease.</summary>
    CollectorsIgnoreLeases,

    /// <summary>Collections tell what is old by their own clock.</summary>
    CollectorsUseTheirOwnClock,

    /// <summary>Before it deletes, a collection does not see manifests that came since it condemned.</summary>
    CollectorsDoNotMarkAgain,

    /// <summary>Collections see no list that is older than two days: a pack that it names is taken for the home of frames.</summary>
    CollectorsForgetOldLists,

    /// <summary>Nothing is waited for between condemning, clearing and sweeping.</summary>
    NothingSettles,

    /// <summary>What a tombstone names is condemned at once.</summary>
    TombstonesAreTakenAtOnce,

    /// <summary>Renewals say that they extended locks, and extend none.</summary>
    RenewalsExtendNothing,

    /// <summary>A backup relies on what is stored, however soon its lock ends.</summary>
    BackupsDoNotRenew,

    /// <summary>Whatever a list of condemned objects names is not locked for longer, also what is needed of it.</summary>
    RenewalsLeaveOutWhatListsName,

    /// <summary>The newest version of a name is the object.</summary>
    TheNewestVersionWins,
}

internal static class Sabotages
{
    /// <summary>Whether it concerns what a repository with locks does.</summary>
    internal static bool IsOfLocks(this Sabotage sabotage) => sabotage is Sabotage.RenewalsExtendNothing
        or Sabotage.BackupsDoNotRenew or Sabotage.RenewalsLeaveOutWhatListsName or Sabotage.TheNewestVersionWins;

    internal static CollectionMargins Margins(this Sabotage sabotage) => sabotage switch
    {
        Sabotage.NothingSettles => HistoryProcess.Margins with { Settle = TimeSpan.Zero },
        Sabotage.TombstonesAreTakenAtOnce => HistoryProcess.Margins with { Tombstones = TimeSpan.Zero },
        Sabotage.WritersIgnoreTheirLeaseAndListsAreForgotten =>
            HistoryProcess.Margins with { ListKept = TimeSpan.Zero },
        _ => HistoryProcess.Margins,
    };

    /// <summary>How one process sees the store under this sabotage.</summary>
    internal static bool Concerns(this Sabotage sabotage, bool isWriter) => sabotage switch
    {
        _ when sabotage.IsOfLocks() => false,
        Sabotage.None or Sabotage.NothingSettles or Sabotage.TombstonesAreTakenAtOnce => false,
        Sabotage.CompletionIsNotAsked => true,
        Sabotage.CollectorsIgnoreLeases or Sabotage.CollectorsUseTheirOwnClock or Sabotage.CollectorsDoNotMarkAgain
            or Sabotage.CollectorsForgetOldLists => !isWriter,
        _ => isWriter,
    };
}
