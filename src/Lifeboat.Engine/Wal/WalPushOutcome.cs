using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal;

/// <summary>How a push ended; both mean that the file is durable in the archive, byte for byte.</summary>
public enum WalPushResult
{
    /// <summary>It was not there before.</summary>
    Stored,

    /// <summary>It was there; what is stored was read back and compared.</summary>
    AlreadyStored,
}

/// <param name="Facts">What is stored with the file.</param>
/// <param name="Object">The object in the archive.</param>
public sealed record WalPushOutcome(WalPushResult Result, WalFacts Facts, WalObject Object);
