namespace Lifeboat.Platform.Errors;

/// <summary>Carries a <see cref="Failure"/> to whoever can report it. Its message is <see cref="Failure.ToString"/>.</summary>
public class LifeboatException : Exception
{
    public LifeboatException(Failure failure, Exception? inner = null)
        : base(failure.ToString(), inner)
    {
        Failure = failure;
    }

    public Failure Failure { get; }

    public ErrorCode Code => Failure.Code;
}
