namespace Lifeboat.Server;

/// <summary>Serves health to whoever asks, until it is disposed. Behind it another web server can take its place.</summary>
internal interface IHealthServer : IAsyncDisposable
{
    /// <summary>Begins to listen.</summary>
    /// <exception cref="Platform.Errors.LifeboatException">Usage: the place is taken, or cannot be listened at.</exception>
    void Start();
}
