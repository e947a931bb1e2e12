namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>How a repository is opened.</summary>
public enum Encryption
{
    None,
    KeyFile,

    /// <summary>In the environment, as no command line may hold it.</summary>
    Passphrase,
}
