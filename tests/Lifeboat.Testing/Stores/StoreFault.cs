namespace Lifeboat.Testing.Stores;

/// <summary>One kind per call of <c>IObjectStore</c> and <c>IObjectWriter</c>.</summary>
public enum StoreOperation
{
    Put,
    Create,
    Write,
    Complete,
    Read,
    Stat,
    List,
    ListChildren,
    ListVersions,
    ReadVersion,
    Delete,
    DeleteMany,
    DeleteVersions,
    Settle,
    Sweep,
}

/// <summary>What a planned fault does.</summary>
public enum StoreFaultKind
{
    /// <summary>Fails, and nothing has happened.</summary>
    Before,

    /// <summary>Fails, and all has happened: the answer was lost on its way.</summary>
    After,

    /// <summary>
    /// A read gives the first half of its bytes as if the object ended there, and no error: a store that breaks the
    /// contract or an object that was cut. Other operations fail as with <see cref="Before"/>.
    /// </summary>
    CutRead,
}

/// <summary>Which operation of a store fails, how.</summary>
/// <param name="At">The number of the operation among those that <paramref name="Concerns"/> holds for, from 1.</param>
/// <param name="ForGood">Whether every later one fails too.</param>
/// <param name="Transient">Whether the failure says that another try may help.</param>
/// <param name="ItemsBefore">Objects that a listing gives before it fails.</param>
/// <param name="Concerns">Which operations count and can fail, by kind and object name or prefix; all when null.</param>
public sealed record StoreFault(
    long At,
    bool ForGood = false,
    StoreFaultKind Kind = StoreFaultKind.Before,
    bool Transient = true,
    int ItemsBefore = 0,
    Func<StoreOperation, string, bool>? Concerns = null);
