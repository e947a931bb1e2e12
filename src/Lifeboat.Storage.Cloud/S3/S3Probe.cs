using Lifeboat.Platform.Errors;

namespace Lifeboat.Storage.Cloud.S3;

/// <summary>
/// Tries what a repository needs of a bucket, on an object of its own: to write, to create only, to read, to list.
/// </summary>
public static class S3Probe
{
    private const string Operation = "try the bucket";

    /// <returns>What is not as it should be and is no reason to refuse, in words.</returns>
    /// <exception cref="LifeboatException">
    /// Usage: the store ignores that a put is to create only, and the place does not say so. Denied and others: what the bucket
    /// refuses, and which right lacks.
    /// </exception>
    public static async Task<IReadOnlyList<string>> RunAsync(
        S3ObjectStore store, string random, CancellationToken cancellationToken)
    {
        var name = new ObjectName($"lifeboat-probe-{random}");
        var content = "lifeboat"u8.ToArray();
        await store.PutAsync(name, content, PutCondition.IfAbsent, cancellationToken);
        var again = await store.PutAsync(name, "other"u8.ToArray(), PutCondition.IfAbsent, cancellationToken);
        var read = new byte[content.Length + 1];
        var length = await store.ReadAsync(name, 0, read, cancellationToken);
        var isListed = false;
        await foreach (var facts in store.ListAsync(name.Value, cancellationToken))
        {
            isListed |= facts.Name == name;
        }

        var warnings = await RemoveAsync(store, name, cancellationToken);
        if (again != PutOutcome.AlreadyExists || !read.AsSpan(0, length).SequenceEqual(content))
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Usage,
                Operation,
                store.Location,
                "the store does not look at the condition that a put must not replace what is there",
                Hint: "Add conditional-put=no to the place (s3://BUCKET/PREFIX?…&conditional-put=no), in every command that uses "
                    + "this repository: then it is looked first, and nothing else changes."));
        }

        return isListed
            ? warnings
            : throw new LifeboatException(new Failure(
                ErrorCode.StoreUnavailable,
                Operation,
                store.Location,
                "its listing does not show what was written a moment ago",
                Hint: "A repository needs a store whose listings are complete."));
    }

    private static async Task<IReadOnlyList<string>> RemoveAsync(
        S3ObjectStore store, ObjectName name, CancellationToken cancellationToken)
    {
        try
        {
            await store.DeleteAsync(name, cancellationToken);
            return [];
        }
        catch (ObjectStoreException refused) when (refused.Code == ErrorCode.Denied)
        {
            return [$"these credentials may not delete ({name} stays behind): pruning will need others"];
        }
    }
}
