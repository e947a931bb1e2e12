using Lifeboat.Platform.Errors;

namespace Lifeboat.Storage;

/// <summary>A call to an object store failed.</summary>
public class ObjectStoreException : LifeboatException
{
    public ObjectStoreException(Failure failure, Exception? inner = null)
        : base(failure, inner)
    {
    }

    /// <summary>How long the store asked to be left alone; null when it did not.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>The store is sure that there is no object of this name.</summary>
public sealed class ObjectNotFoundException : ObjectStoreException
{
    public ObjectNotFoundException(ObjectName name, string location, Exception? inner = null)
        : base(
            new Failure(
                ErrorCode.NotFound,
                "read from the repository",
                name.Value,
                $"there is no such object in {location}",
                Hint: "If it should be there, run 'lifeboat check' to see what is damaged and which backups it hurts."),
            inner)
    {
        Name = name;
    }

    public ObjectName Name { get; }
}
