// Starts mongo-java-server as podrec's embedded MongoDB-wire server. Janino compiles this file at
// start, which is why it uses no generics.
//
// Arguments: data file, port (0 = any free), port file.
// A write command is answered only after its commit, and a commit never contains half a command: if
// the server is killed at any moment, the file has every acknowledged write and no torn one. There
// is no authentication, so the server listens on the loopback address only.

import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.io.File;
import java.io.FileOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.h2.mvstore.MVStore;

public class Launcher {

    // pymongo refuses servers below wire version 9; the library itself reports 8.
    static class Version implements MongoVersion {
        public List getVersionArray() {
            List numbers = new ArrayList();
            numbers.add(Integer.valueOf(7));
            numbers.add(Integer.valueOf(0));
            numbers.add(Integer.valueOf(0));
            return numbers;
        }

        public String toVersionString() {
            return "7.0.0";
        }

        public int getWireVersion() {
            return 21;
        }
    }

    static class CommittingBackend extends H2Backend {
        private final Set reads = new HashSet(Arrays.asList(new Object[] {
            "find", "count", "distinct", "getmore", "hello", "ismaster", "ping", "buildinfo",
            "listcollections", "listdatabases", "listindexes", "serverstatus", "getlog",
            "whatsmyuri", "killcursors", "endsessions", "dbstats", "collstats", "hostinfo"
        }));
        private final Object writer = new Object();
        private final MVStore store;

        CommittingBackend(MVStore store) {
            super(store);
            this.store = store;
        }

        public Document handleMessage(MongoMessage message) {
            Document command = message.getDocument();
            String name = (String) command.keySet().iterator().next();
            if (reads.contains(name.toLowerCase())) {
                return super.handleMessage(message);
            }
            synchronized (writer) {
                Document answer = super.handleMessage(message);
                commit();
                Object concern = command.get("writeConcern");
                boolean isJournaled = concern instanceof Document
                    && Boolean.TRUE.equals(((Document) concern).get("j"));
                if (isJournaled || name.equals("fsync")) {
                    store.sync();
                }
                return answer;
            }
        }
    }

    static MongoServer server;

    static class Stop extends Thread {
        public void run() {
            server.shutdown();
        }
    }

    public static void main(String[] args) throws Exception {
        try {
            MVStore.Builder builder = new MVStore.Builder();
            builder.fileName(args[0]);
            builder.autoCommitDisabled();
            CommittingBackend backend = new CommittingBackend(builder.open());
            backend.version(new Version());
            server = new MongoServer(backend);
            InetAddress loopback = InetAddress.getByName("127.0.0.1");
            server.bind(new InetSocketAddress(loopback, Integer.parseInt(args[1])));
            Runtime.getRuntime().addShutdownHook(new Stop());
            writePort(new File(args[2]), server.getLocalAddress().getPort());
        } catch (Throwable failure) {
            // Netty's threads would keep a process alive whose server does not listen.
            failure.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    static void writePort(File file, int port) throws Exception {
        File draft = new File(file.getPath() + ".draft");
        FileOutputStream out = new FileOutputStream(draft);
        out.write(String.valueOf(port).getBytes("UTF-8"));
        out.close();
        if (!draft.renameTo(file)) {
            throw new IllegalStateException("cannot write " + file);
        }
    }
}
