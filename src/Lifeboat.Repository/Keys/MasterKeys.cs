using System.Security.Cryptography;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Keys;

/// <summary>The master key of an encrypted repository, and the objects that wrap it.</summary>
internal static class MasterKeys
{
    internal static byte[] New() => RandomNumberGenerator.GetBytes(SealingKey.Size);

    internal static SealingKey RepositoryKey(Id128 repository, byte[] master) => new(
        repository,
        HKDF.DeriveKey(
            HashAlgorithmName.SHA256, master, SealingKey.Size, info: "lifeboat repository v0"u8.ToArray()),
        encrypts: true);

    internal static async ValueTask AddAsync(
        IObjectStore store,
        Id128 repository,
        byte[] master,
        RepositorySecret secret,
        DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var record = KeyRecord.Wrap(repository, master, secret);
        if (record.Unwrap(secret) is not { } unwrapped || !unwrapped.AsSpan().SequenceEqual(master))
        {
            throw new CryptographicException("a key that was wrapped does not unwrap");
        }

        await Documents.PutAsync(
            store,
            ObjectNames.Key(Id128.NewRandom()),
            ContainerKind.Key,
            SealingKey.Public,
            KeyRecord.Form,
            record,
            now,
            cancellationToken);
    }

    /// <summary>Tries every wrapped key of this repository with the secret.</summary>
    /// <exception cref="LifeboatException">
    /// WrongKey when none of the intact ones opens; Damaged when one that is damaged might have been the right one.
    /// </exception>
    internal static async ValueTask<byte[]> FindAsync(
        IObjectStore store, Id128 repository, RepositorySecret secret, CancellationToken cancellationToken)
    {
        LifeboatException? damage = null;
        var found = 0;
        await foreach (var facts in store.ListAsync(ObjectNames.Keys, cancellationToken))
        {
            try
            {
                var record = await Documents.ReadAsync(
                    store,
                    facts.Name,
                    ContainerKind.Key,
                    SealingKey.Public,
                    KeyRecord.Form,
                    cancellationToken);
                if (record.Repository != repository)
                {
                    continue;
                }

                found++;
                if (record.Unwrap(secret) is { } master)
                {
                    return master;
                }
            }
            catch (DamagedObjectException damaged)
            {
                damage = damaged;
            }
            catch (LifeboatException newer) when (newer.Code == ErrorCode.UnknownFormat)
            {
                damage = newer;
            }
            catch (DecodingException decoding)
            {
                damage = new DamagedObjectException(facts.Name, DamageKind.Damaged, decoding.Message, decoding);
            }
        }

        if (damage is not null)
        {
            throw damage;
        }

        throw found == 0
            ? new DamagedObjectException(
                ObjectNames.Repository, DamageKind.Missing, "the repository is encrypted, but its keys/ holds no key of it")
            : new LifeboatException(new Failure(
                ErrorCode.WrongKey,
                "open the repository",
                store.Location,
                $"the {secret.Description} does not open it (the repository's keys are intact)",
                Hint: $"Give the {secret.Description} that was used with 'lifeboat init'; nothing can be read without it."));
    }
}
